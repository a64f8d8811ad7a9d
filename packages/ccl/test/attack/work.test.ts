import { describe, expect, it } from 'vitest';
import { analyze, checkNarrowing, compile, diff, equivalent, evaluate } from '../../src/index.js';

const many = (count: number, make: (index: number) => string, separator = '\n') =>
  Array.from({ length: count }, (_, index) => make(index)).join(separator);

/** Runs all four questions, which answer somehow; the budget, and not a time, is what ends them. */
function askAll(child: string, parent: string): void {
  const [inner, outer] = [compile(child), compile(parent)];
  const narrowing = checkNarrowing(inner, outer);
  if (narrowing.narrows === false) {
    expect(evaluate(inner, narrowing.counterexample).permitted).toBe(true);
  }
  expect(diff(inner, outer)).toBeDefined();
  expect(equivalent(inner, outer)).toBeDefined();
  expect(analyze(inner)).toBeDefined();
}

/** Each took minutes, or threw, when some of its work was not counted; a test that hangs fails. */
describe('work that the budget counts', () => {
  it('thousands of fields in one condition', () => {
    askAll(`permit a on ** when ${many(40_000, (i) => `f${i}=1`, ' and ')}`, 'permit a on **');
  });

  it('thousands of pairs of fields in one condition', () => {
    askAll(`permit a on ** when ${many(20_000, (i) => `x${i} = @y${i}`, ' and ')}`, 'permit a on **');
  });

  it('more alternatives than a call takes arguments', () => {
    const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_'];
    const fields = letters.flatMap((one) => [...letters, ...'0123456789'].map((other) => one + other));
    const compared = (field: string, count: number) =>
      [...'<=>'].flatMap((sign) => Array.from({ length: count }, (_, i) => `${field}${sign}${i}`));
    const terms = [
      ...letters.flatMap((field) => compared(field, 100)),
      ...fields.flatMap((field) => compared(field, 10)),
    ];
    expect(terms.length).toBeGreaterThan(110_000);
    const text = [...terms, ...letters.flatMap((field) => compared(field, 200))]
      .join(' or ')
      .slice(0, 1_048_000);
    askAll(`permit a on ** when ${text.slice(0, text.lastIndexOf(' or '))}`, 'permit a on ** when ab=1');
  });

  it('a long choice that is met by chance again and again', () => {
    const denies = many(3000, (i) => `deny a on '/x${i}/**' when y=${i}`);
    const choice = `x<2 or ${many(40_000, (i) => `f${i}=1`, ' or ')}`;
    askAll(`permit a on ** when x = 1 and (${choice})\n${denies}`, `permit a on **\n${denies}`);
  });

  it('thousands of limits that hold each other', () => {
    const limits = `permit ** on **\n${many(5000, () => 'limit ** 1 per second')}`;
    askAll(limits, limits);
  });

  it('long lists of texts', () => {
    const list = `deny * on ** when n in [${many(80_000, (i) => `'${i}'`, ',')}]`;
    const permits = many(2000, (i) => `permit b${i} on ** when n starts_with '${i + 10}'`);
    askAll(`${list}\n${permits}`, 'permit ** on **');
  });

  it('expressions that are large and slow', () => {
    const condition = "s matches '(.{30}){30}x' and s matches '^((.*b){30}){30}$'";
    askAll(
      many(1000, (i) => `permit a${i} on ** when ${condition} and s != '${i}'`),
      'permit b on **',
    );
  });
});
