// What two entries export under one name is one and the same thing: else `instanceof` fails between them.
module.exports = function same(entries) {
  const seen = new Map();
  for (const [entry, exports] of entries) {
    for (const [name, value] of Object.entries(exports)) {
      if (name === 'default' || name === 'module.exports') continue;
      const first = seen.get(name);
      if (first === undefined) seen.set(name, { entry, value });
      else if (first.value !== value)
        throw new Error(`${name} of ${entry} is another than that of ${first.entry}`);
    }
  }
};
