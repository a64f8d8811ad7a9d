// Stands in for the `vscode` module, which only the editor has: whatever is asked of it is there and does nothing.
const LISTS = ['textDocuments', 'workspaceFolders', 'tabGroups'];

class Inert {}

/** @type {any} */
const inert = new Proxy(Inert, {
  get(target, key) {
    if (key === 'prototype') return target.prototype;
    if (key === 'then') return undefined; // no promise
    if (key === 'version') return process.env.VSCODE_VERSION;
    if (key === Symbol.iterator) return [][Symbol.iterator].bind([]);
    if (key === Symbol.toPrimitive) return () => 'inert';
    return LISTS.includes(String(key)) ? [] : inert;
  },
  apply: () => inert,
  construct: (_, __, newTarget) => (newTarget === inert ? inert : Reflect.construct(Inert, [], newTarget)),
});

module.exports = inert;
