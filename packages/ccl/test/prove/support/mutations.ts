/** Edits of a document, by what they may do to it. */
import { randomAction, randomAtom, randomFormula, randomLine, randomResource } from './documents.js';
import { type Conditional, chain, type Draft, type Formula, isConditional, type Line, not } from './draft.js';
import {
  atAtom,
  editing,
  hasCondition,
  kindIs,
  type Mutation,
  narrower,
  negated,
  nextNumber,
  OPPOSITE,
  rewriting,
  SWAPPED,
} from './edits.js';
import type { Random } from './random.js';
import { NAMES, type World } from './worlds.js';

/** The same decisions, limits and obligations. */
const keeping: Readonly<Record<string, Mutation>> = {
  reorder: (draft, random) => random.shuffle(draft),
  duplicate: editing(
    () => true,
    (line) => [line, line],
  ),
  'negate twice': rewriting((when) => not(not(when))),
  'De Morgan': rewriting((when) => not(negated(when))),
  'reorder terms': rewriting((when, random) =>
    'terms' in when ? chain(when.kind, random.shuffle(when.terms)) : undefined,
  ),
  'opposite operator': rewriting((when, random) =>
    atAtom(when, random, (atom) => {
      if (atom.kind !== 'atom' || atom.quantifier !== undefined) return undefined;
      const operator = OPPOSITE[atom.operator];
      return operator && not({ ...atom, operator });
    }),
  ),
  'split a disjunction': editing(hasCondition, (line) => {
    const { when } = line as Conditional;
    return when?.kind === 'or'
      ? when.terms.map((term) => ({ ...(line as Conditional), when: term }))
      : undefined;
  }),
  'split the resource': editing(isConditional, (line) => {
    if (!line.resource.endsWith('**')) return undefined;
    const start = line.resource.slice(0, -2);
    return [
      { ...line, resource: start },
      { ...line, resource: `${start}*/**` },
    ];
  }),
  'split the action': editing(isConditional, (line) =>
    line.action === '**'
      ? [
          { ...line, action: '*' },
          { ...line, action: '*.**' },
        ]
      : undefined,
  ),
  'merge permits': (draft, random) => {
    const permits = draft.filter(kindIs('permit')) as Conditional[];
    const pairs = permits.flatMap((one, at) =>
      permits
        .slice(at + 1)
        .filter(
          (other) => one.when && other.when && one.action === other.action && one.resource === other.resource,
        )
        .map((other) => [one, other] as const),
    );
    if (pairs.length === 0) return undefined;
    const [one, other] = random.pick(pairs);
    const rest = draft.filter((line) => line !== one && line !== other);
    return [...rest, { ...one, when: chain('or', [one.when!, other.when!]) }];
  },
};

const narrowing: Readonly<Record<string, Mutation>> = {
  'drop a permit': editing(kindIs('permit'), () => []),
  'add a deny': (draft, random, world) => [...draft, randomLine(random, world, 'deny')],
  'add a requirement': (draft, random, world) => [...draft, randomLine(random, world, 'require')],
  'add a limit': (draft, random, world) => [...draft, randomLine(random, world, 'limit')],
  'add a conjunct': editing(kindIs('permit'), (line, random, world) => {
    const own = (line as Conditional).when;
    const more = randomFormula(random, world, 1);
    return [{ ...(line as Conditional), when: own ? chain('and', [own, more]) : more }];
  }),
  'split by cases': editing(kindIs('permit'), (line, random, world) => {
    const own = (line as Conditional).when;
    const test = randomAtom(random, world);
    const both = [test, not(test)];
    return both.map((each) => ({ ...(line as Conditional), when: own ? chain('and', [own, each]) : each }));
  }),
  'add a disjunct to a deny': editing(
    (line) => line.kind === 'deny' && line.when !== undefined,
    (line, random, world) => [
      {
        ...(line as Conditional),
        when: chain('or', [(line as Conditional).when!, randomAtom(random, world)]),
      },
    ],
  ),
  'drop the condition of a deny or requirement': editing(
    (line) => hasCondition(line) && line.kind !== 'permit',
    (line) => [{ ...(line as Conditional), when: undefined }],
  ),
  'narrow a permit': editing(kindIs('permit'), (line, random) => {
    if (random.chance(50)) {
      const action = narrower(line.action, '.', random);
      return action === undefined ? undefined : [{ ...line, action }];
    }
    const resource = narrower(line.resource, '/', random);
    return resource === undefined ? undefined : [{ ...line, resource }];
  }),
  'lower a limit': editing(kindIs('limit'), (line) =>
    line.kind === 'limit' && line.amount > 1 ? [{ ...line, amount: line.amount - 1 }] : undefined,
  ),
  'halve a limit': editing(kindIs('limit'), (line) =>
    line.kind === 'limit' && line.count % 2 === 0 && line.amount % 2 === 0
      ? [{ ...line, amount: line.amount / 2, count: line.count / 2 }]
      : undefined,
  ),
  'lengthen a window': editing(kindIs('limit'), (line) =>
    line.kind === 'limit' ? [{ ...line, count: line.count * 2 }] : undefined,
  ),
};

/** May widen, may narrow, may do nothing. */
const loose: Readonly<Record<string, Mutation>> = {
  'drop the condition': editing(hasCondition, (line) => [{ ...(line as Conditional), when: undefined }]),
  'drop any line': editing(
    () => true,
    () => [],
  ),
  'drop a term': rewriting((when, random) =>
    'terms' in when ? chain(when.kind, when.terms.toSpliced(random.below(when.terms.length), 1)) : undefined,
  ),
  'step a constant': rewriting((when, random) =>
    atAtom(when, random, (atom) =>
      atom.kind === 'atom' && typeof atom.value === 'number'
        ? { ...atom, value: nextNumber(atom.value, random.chance(50)) }
        : undefined,
    ),
  ),
  'step a string': rewriting((when, random) =>
    atAtom(when, random, (atom) => {
      if (atom.kind !== 'atom' || typeof atom.value !== 'string' || atom.operator === 'matches')
        return undefined;
      return {
        ...atom,
        value: random.pick([`${atom.value}\u0000`, [...atom.value].slice(0, -1).join(''), `${atom.value}a`]),
      };
    }),
  ),
  'swap an operator': rewriting((when, random) =>
    atAtom(when, random, (atom) => {
      const operator = atom.kind === 'atom' ? SWAPPED[atom.operator] : undefined;
      if (operator === undefined) return undefined;
      return { ...atom, operator } as Formula;
    }),
  ),
  'swap and with or': rewriting((when) =>
    'terms' in when ? chain(when.kind === 'and' ? 'or' : 'and', when.terms) : undefined,
  ),
  'another action': editing(
    () => true,
    (line, random, world) => [{ ...line, action: randomAction(random, world) }],
  ),
  'another resource': editing(
    () => true,
    (line, random, world) => [{ ...line, resource: randomResource(random, world) }],
  ),
  'widen a segment': editing(
    () => true,
    (line, random) => [
      {
        ...line,
        resource: line.resource
          .split('/')
          .with(0, random.pick(['*', '**']))
          .join('/'),
      },
    ],
  ),
  'add a permit': (draft, random, world) => [...draft, randomLine(random, world, 'permit')],
  'rename an obligation': editing(kindIs('require'), (line, random) => [
    { ...line, name: random.pick(NAMES) } as Line,
  ]),
  'raise a limit': editing(kindIs('limit'), (line) =>
    line.kind === 'limit' ? [{ ...line, amount: line.amount + 1 }] : undefined,
  ),
  'another window': editing(kindIs('limit'), (line, random) =>
    line.kind === 'limit' ? [{ ...line, count: random.pick([1, 2, 3, 59, 60]) }] : undefined,
  ),
  'another field': editing(kindIs('limit'), (line, random, world) =>
    line.kind === 'limit' ? [{ ...line, field: random.pick(world.fields).name }] : undefined,
  ),
  'negate the condition': rewriting((when) => not(when)),
};

export const MUTATIONS = { keeping, narrowing, loose } as const;

/** `edits` random edits; each fits, or another is tried. */
export function mutate(
  draft: Draft,
  random: Random,
  world: World,
  kinds: readonly (keyof typeof MUTATIONS)[],
  edits: number,
): Draft {
  let result = draft;
  for (let done = 0, tries = 0; done < edits && tries < 50; tries++) {
    const mutation = random.pick(Object.values(MUTATIONS[random.pick(kinds)]));
    const next = mutation(result, random, world);
    if (next === undefined) continue;
    result = next;
    done++;
  }
  return result;
}
