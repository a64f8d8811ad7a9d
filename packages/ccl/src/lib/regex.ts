import { RE2JS } from 're2js';
import type { LiteralNode } from '../ast.js';

/** The most UTF-16 units of a `matches` pattern. */
export const PATTERN_LIMIT = 512;
/** The most instructions of all different patterns of a document: `\pL{1000}` is short to write and long to compile. */
export const PROGRAM_LIMIT = 100_000;

/** Compiled once, when the text is parsed, since parsing must know that they compile. */
const compiled = new WeakMap<LiteralNode, RE2JS>();

/** The patterns of one document. */
export class Regexes {
  readonly #byText = new Map<string, RE2JS>();
  #instructions = 0;

  /**
   * Compiles the pattern that the node holds, or finds it compiled.
   * @throws the engine's error if the pattern is not in RE2 syntax
   */
  prepare(node: LiteralNode): void {
    const pattern = node.value as string;
    const known = this.#byText.get(pattern);
    const regex = known ?? RE2JS.compile(pattern);
    compiled.set(node, regex);
    if (known !== undefined) return;
    this.#byText.set(pattern, regex);
    this.#instructions += regex.programSize();
  }

  get areTooMany(): boolean {
    return this.#instructions > PROGRAM_LIMIT;
  }
}

/** How many instructions the prepared pattern has: each character of a text may take them all. */
export function regexSize(node: LiteralNode): number {
  return compiled.get(node)!.programSize();
}

/** True when the prepared pattern is found anywhere in the text; linear in the text's length. */
export function regexTest(node: LiteralNode): (text: string) => boolean {
  const regex = compiled.get(node)!;
  return (text) => regex.test(text);
}
