// Texts of errors: tests check the class and the code, never the message or the hint.
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

/** Where the message, or what becomes a part of it, stands in the arguments; by the name of what is called. */
const MESSAGE = {
  ...{ CryptoError: 1, KeyRingError: 1, Error: 0, TypeError: 0, RangeError: 0 },
  ...{
    AuditError: 1,
    bundleError: 0,
    checkedKeys: 0,
    count: 0,
    failed: 1,
    invalid: 0,
    noteError: 0,
    notFound: 0,
    notWhole: 1,
    proofError: 0,
    unsigned: 0,
  },
  ...{ bytesArgument: 1, exactBytes: 2, locked: 0, malformed: 0, members: 1, must: 1, readKey: 2 },
};

const messages = {
  shouldIgnore(path) {
    return isMessage(path) || isHint(path) || isOnlyHint(path) ? 'text of an error' : undefined;
  },
};

function isMessage(path) {
  const { node, parent } = path;
  if (parent?.type !== 'NewExpression' && parent?.type !== 'CallExpression') return false;
  return parent.arguments[MESSAGE[parent.callee.name]] === node;
}

const TEXTS = ['hint', 'message'];

const isHint = ({ node }) =>
  (node.type === 'ObjectProperty' && TEXTS.includes(node.key.name)) ||
  (node.type === 'VariableDeclarator' && TEXTS.includes(node.id.name));

const isOnlyHint = ({ node }) =>
  node.type === 'ObjectExpression' &&
  node.properties.length > 0 &&
  node.properties.every((each) => each.key?.name === 'hint');

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'messages', messages)];
