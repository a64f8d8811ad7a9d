/** Small changes of an input: of characters, of tokens, of statements by the grammar, and of requests. */
import type { Case } from '../../packages/ccl/test/fuzz/oracles.ts';
import { Grammar } from './grammar.ts';
import type { Random } from './random.ts';
import { Requests } from './requests.ts';

export const LONGEST = 6_000; // UTF-16 units of a text; longer ones only cost time
const MOST_REQUESTS = 4;

const TOKEN = /[A-Za-z0-9_.:*-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\s+|[!<>]=|./gsu;
const CHARACTERS = [
  ...' \t\n\r;,()[]=!<>#@\'"\\/.*-_:%0129aAzZ&?$~+^{}|`\u0000\u007f\u0085\u00a0\u2028\u2029\ufeff\ud800\udc00é😀',
];

export class Mutator {
  readonly #random: Random;
  readonly #grammar: Grammar;
  readonly #requests: Requests;

  constructor(random: Random) {
    this.#random = random;
    this.#grammar = new Grammar(random);
    this.#requests = new Requests(random);
  }

  fresh(compares: boolean): Case {
    const text = this.#grammar.document();
    if (!compares) return { text, requests: this.#asked(text) };
    const other = this.#related(text);
    return { text, requests: this.#asked(text, other), other };
  }

  /** A changed copy; `donor` gives parts. */
  change(parent: Case, donor: Case): Case {
    const r = this.#random;
    if (r.once(4)) return { ...parent, requests: this.#asked(parent.text, parent.other) };
    if (parent.other !== undefined && r.once(2)) {
      const other = r.once(4)
        ? this.#related(parent.text)
        : this.#text(parent.other, r.once(2) ? parent.text : donor.text);
      return { ...parent, other: other.slice(0, LONGEST) };
    }
    let text = parent.text;
    for (let times = r.once(4) ? 1 + r.below(6) : 1; times > 0; times--) text = this.#text(text, donor.text);
    text = text.slice(0, LONGEST);
    return { ...parent, text, requests: r.once(2) ? parent.requests : this.#asked(text, parent.other) };
  }

  /** A second document that has much in common with the first. */
  #related(text: string): string {
    let other = text;
    for (let times = this.#random.below(3); times > 0; times--) other = this.#text(other, text);
    return other;
  }

  #asked(text: string, other = text): unknown[] {
    const length = 1 + this.#random.below(MOST_REQUESTS);
    return Array.from({ length }, () => this.#requests.meeting(this.#random.once(2) ? text : other));
  }

  #text(text: string, donor: string): string {
    const r = this.#random;
    switch (r.below(8)) {
      case 0:
        return this.#characters(text);
      case 1:
      case 2:
      case 3:
        return this.#tokens(text, donor);
      case 4:
        return this.#lines(text, donor);
      case 5:
        return splice(text, r.below(text.length + 1), r.below(8), this.#piece());
      default:
        return this.#replaceToken(text);
    }
  }

  #characters(text: string): string {
    const r = this.#random;
    const at = r.below(text.length + 1);
    const inserted = r.some(2, () => r.pick(CHARACTERS)).join('');
    return splice(text, at, r.below(3), inserted.repeat(r.once(30) ? 70 : 1));
  }

  /** Deletes, doubles, swaps or borrows a run of tokens. */
  #tokens(text: string, donor: string): string {
    const r = this.#random;
    const tokens = text.match(TOKEN) ?? [];
    const from = r.below(tokens.length + 1);
    const length = 1 + r.below(6);
    const run = tokens.slice(from, from + length);
    switch (r.below(4)) {
      case 0:
        tokens.splice(from, length);
        break;
      case 1:
        tokens.splice(from, 0, ...run);
        break;
      case 2:
        tokens.splice(r.below(tokens.length + 1), 0, ...tokens.splice(from, length));
        break;
      default: {
        const others = donor.match(TOKEN) ?? [];
        const start = r.below(others.length + 1);
        tokens.splice(from, r.below(length), ...others.slice(start, start + 1 + r.below(10)));
      }
    }
    return tokens.join('');
  }

  #lines(text: string, donor: string): string {
    const r = this.#random;
    const lines = text.split('\n');
    const others = donor.split('\n');
    const line = r.once(2) ? this.#grammar.statement() : r.pick(others);
    lines.splice(r.below(lines.length + 1), r.below(2), ...(r.once(3) ? [] : [line]));
    return lines.join('\n');
  }

  /** One token for another of the same kind, by the grammar. */
  #replaceToken(text: string): string {
    const r = this.#random;
    const tokens = text.match(TOKEN) ?? [];
    if (tokens.length === 0) return this.#grammar.statement();
    const at = r.below(tokens.length);
    tokens[at] = this.#likeToken(tokens[at]!);
    return tokens.join('');
  }

  #likeToken(token: string): string {
    const g = this.#grammar;
    if (/^['"]/.test(token)) return g.string();
    if (/^-?[0-9]/.test(token)) return g.number();
    if (/^\//.test(token) || token.includes('*')) return this.#random.once(2) ? g.resource() : g.action();
    if (/^[A-Za-z_]/.test(token)) return this.#random.once(2) ? g.field() : this.#piece();
    return this.#random.pick(['=', '!=', '<', '<=', '>', '>=', ' ', '\n', ',', '(', ')', '[', ']', '@', ';']);
  }

  #piece(): string {
    const g = this.#grammar;
    switch (this.#random.below(7)) {
      case 0:
        return g.statement();
      case 1:
        return ` when ${g.condition(3)}`;
      case 2:
        return ` ${this.#random.pick(['and', 'or', 'and not', 'or has'])} ${g.comparison()}`;
      case 3:
        return g.value();
      case 4:
        return g.resource();
      case 5:
        return g.action();
      default:
        return this.#random.pick([
          'permit ',
          'deny ',
          'require ',
          'limit ',
          ' on ',
          ' per ',
          ' of ',
          ' for ',
          ' severity low',
          ' not ',
          'has ',
          'every ',
          '# ',
        ]);
    }
  }
}

function splice(text: string, at: number, length: number, inserted: string): string {
  return text.slice(0, at) + inserted + text.slice(at + length);
}
