import type { ConditionExplanation, Explanation, StatementExplanation } from '../explain.js';
import { printable } from './escape.js';

/** What a piece of text means; whoever prints may give it a colour. */
export type Tone = 'good' | 'bad' | 'doubt' | 'faint';
export type Paint = (text: string, tone: Tone) => string;

/** The most characters of a statement or a comparison on one line. */
const WIDTH = 120;
const MARKS = { decides: '*', applies: '+', not: '-' } as const;
const TONES: Readonly<Record<ConditionExplanation['value'], Tone>> = {
  true: 'good',
  false: 'bad',
  unknown: 'doubt',
};

/**
 * An explanation for a person, in lines without an end of line after the last. `*` marks what the decision rests on, `+`
 * what applies beside it, `-` what does not.
 * @param paint colours a piece of the text; as it is unless given
 */
export function explanationText(explanation: Explanation, paint: Paint = (text) => text): string {
  const { evaluation, malformed, statements } = explanation;
  const verdict = evaluation.permitted ? paint('permit', 'good') : paint('deny', 'bad');
  const lines = [`${verdict}  ${evaluation.code}`, evaluation.reason];
  if (malformed !== undefined) lines.push(malformed);
  for (const statement of statements) lines.push(...statementLines(statement, paint));
  return lines.join('\n');
}

function statementLines(statement: StatementExplanation, paint: Paint): string[] {
  const { line, text, applies, decides, because, condition } = statement;
  const mark = decides ? MARKS.decides : applies ? MARKS.applies : MARKS.not;
  const reason = because === undefined ? '' : paint(`  (${because})`, applies ? 'doubt' : 'faint');
  const head = `${mark} line ${line}: ${oneLine(text)}`;
  const lines = [`${applies ? head : paint(head, 'faint')}${reason}`];
  if (condition !== undefined) lines.push(...conditionLines(condition, 2, paint));
  return lines;
}

function conditionLines(condition: ConditionExplanation, depth: number, paint: Paint): string[] {
  const { text, value, fields, terms } = condition;
  const held = fields.map(({ field, value: shown }) => `${field} is ${shown}`).join(', ');
  const line = `${'  '.repeat(depth)}${paint(value.padEnd(7), TONES[value])}  ${oneLine(text)}`;
  const lines = [held === '' ? line : `${line}  ${paint(`(${held})`, 'faint')}`];
  for (const term of terms) for (const each of conditionLines(term, depth + 1, paint)) lines.push(each);
  return lines;
}

/** A statement may hold newlines in parentheses. */
function oneLine(text: string): string {
  return printable(text.replace(/\s*\n\s*/g, ' '), WIDTH);
}
