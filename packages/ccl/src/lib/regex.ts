import { RE2JS } from 're2js';
import type { LiteralNode } from '../ast.js';

/** The most UTF-16 units of a `matches` pattern. */
export const PATTERN_LIMIT = 512;

/** Compiled once, when the text is parsed, since parsing must know that they compile. */
const compiled = new WeakMap<LiteralNode, RE2JS>();

/** Compiles the pattern that the node holds. Returns the error if it is not in RE2 syntax. */
export function prepareRegex(node: LiteralNode): unknown {
  try {
    compiled.set(node, RE2JS.compile(node.value as string));
    return undefined;
  } catch (error) {
    return error;
  }
}

/** True when the prepared pattern is found anywhere in the text; linear in the text's length. */
export function regexTest(node: LiteralNode): (text: string) => boolean {
  const regex = compiled.get(node)!;
  return (text) => regex.test(text);
}
