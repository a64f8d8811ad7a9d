/** Checked by the compiler alone: what the builder takes at each step, and what it does not. */
import {
  and,
  arg,
  ccl,
  comment,
  every,
  type Field,
  field,
  has,
  limit,
  not,
  permit,
  requires,
} from '../../src/builder.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function holds<_T extends true>(): void {}

const amount = arg('amount');
const rule = permit('a').on('/x');

export function operands(): void {
  amount.eq(true);
  amount.eq('a');
  amount.eq(field('owner'));
  amount.lt(5);
  amount.lt('a');
  amount.lt(field('owner'));
  amount.in(['a', 5, true] as const);
  amount.in(field('list'));
  amount.matches('a');
  amount.startsWith(field('owner'));
  every(amount).gte(5);

  // @ts-expect-error there is no order of booleans
  amount.lt(true);
  // @ts-expect-error a scalar is no list
  amount.in('a');
  // @ts-expect-error lists do not nest
  amount.in([['a']]);
  // @ts-expect-error a list holds no fields
  amount.notIn([amount]);
  // @ts-expect-error a pattern is a text of the document
  amount.matches(field('pattern'));
  // @ts-expect-error and no RegExp
  amount.matches(/a/);
  // @ts-expect-error only texts start with something
  amount.startsWith(5);
  // @ts-expect-error there is no null
  amount.eq(null);
  // @ts-expect-error a big integer is no number of JSON
  amount.gt(5n);
  // @ts-expect-error a condition is no value
  amount.eq(has(amount));
}

export function conditions(): void {
  and(has(amount), not(has(amount)));
  // @ts-expect-error a text is no condition
  and('has x');
  // @ts-expect-error a field alone is no condition
  not(amount);
  // @ts-expect-error a text is no field
  has('args.amount');
  // @ts-expect-error a quantified field is no field
  has(every(amount));
  // @ts-expect-error nor may it stand on the right
  amount.eq(every(amount));
  holds<Equal<Parameters<typeof every>, [field: Field]>>();
}

export function statements(): void {
  rule.when(has(amount)).severity('low').note('why');
  requires('mfa').on('/x');
  requires('mfa').for('a').on('/x').when(has(amount));
  limit('a').to(5).per('day').severity('low');
  limit('a').on('/x').to(5).of(amount).per(7, 'days').note('why');

  // @ts-expect-error a permit is for no other action
  permit('a').for('b');
  // @ts-expect-error a rule needs its resource
  permit('a').when(has(amount));
  // @ts-expect-error one of four levels
  rule.severity('urgent');
  // @ts-expect-error a limit needs its amount
  limit('a').per('day');
  // @ts-expect-error a limit has one resource
  limit('a').on('/x').on('/y');
  // @ts-expect-error a limit sums one field
  limit('a').to(5).of(amount).of(amount);
  // @ts-expect-error a limit has no condition
  limit('a').to(5).per('day').when(has(amount));
  // @ts-expect-error nor behind another step
  limit('a').to(5).per('day').severity('low').when(has(amount));
  // @ts-expect-error a count comes before the unit
  limit('a').to(5).per('day', 1);
  // @ts-expect-error a month has no fixed length
  limit('a').to(5).per('month');
}

export function documents(): void {
  holds<Equal<ReturnType<typeof ccl>, string>>();
  ccl([rule, comment('why'), limit('a').to(5).per('day')]);
  // @ts-expect-error a text is no statement
  ccl(['permit ** on **']);
  // @ts-expect-error a rule needs its resource
  ccl([permit('a')]);
  // @ts-expect-error a limit needs its window
  ccl([limit('a').to(5)]);
  // @ts-expect-error a condition is no statement
  ccl([has(amount)]);
}
