/** Random documents of a world. */
import type { Operator, Scalar } from '../../../src/index.js';
import { type Atom, chain, type Draft, type Formula, type Line, not, type Value } from './draft.js';
import type { Random } from './random.js';
import { type Field, isPlain, NAMES, type World } from './worlds.js';

const EQUATED: readonly Operator[] = ['=', '!=', 'in', 'not_in'];
const ORDERED: readonly Operator[] = ['<', '<=', '>', '>='];
const ALL: readonly Operator[] = [
  ...EQUATED,
  ...ORDERED,
  'contains',
  'not_contains',
  'starts_with',
  'ends_with',
];
const USUAL: Readonly<Record<Field['type'], readonly Operator[]>> = {
  number: [...EQUATED, ...ORDERED],
  string: ALL,
  boolean: EQUATED,
  array: ['contains', 'not_contains'],
  any: ALL,
};

export function randomAction(random: Random, world: World): string {
  if (world.segments.length === 0 || random.chance(75)) return random.pick(world.actions);
  return random.many(1, 3, () => random.pick(world.segments)).join('.');
}

export function randomResource(random: Random, world: World): string {
  if (world.segments.length === 0 || random.chance(75)) return random.pick(world.resources);
  return random.many(0, 4, () => random.pick(world.segments)).join('/');
}

type Simple = 'number' | 'string' | 'boolean';

/** A literal, mostly of the type that is asked for. */
function scalar(random: Random, world: World, type: Field['type'], allowed: readonly Simple[]): Scalar {
  const usual = allowed.find((each) => each === type);
  const known = allowed.filter((each) => each === 'boolean' || world[`${each}s`].length > 0);
  const chosen = usual !== undefined && random.chance(85) ? usual : random.pick(known);
  return chosen === 'boolean' ? random.chance(50) : random.pick<Scalar>(world[`${chosen}s`]);
}

export function randomAtom(random: Random, world: World): Atom {
  const { name: field, type } = random.pick(world.fields);
  if (!isPlain(world) && random.chance(40)) return opaqueAtom(random, world, field, type);
  const texts = world.strings.length > 0;
  const operators = (random.chance(85) ? USUAL[type] : ALL).filter(
    (operator) => texts || !operator.endsWith('_with'),
  );
  const operator = random.pick(operators);
  return { kind: 'atom', field, operator, value: literal(random, world, operator, type) };
}

/** A literal that the operator can take. */
function literal(random: Random, world: World, operator: Operator, type: Field['type']): Value {
  const any = () => scalar(random, world, type, ['number', 'string', 'boolean']);
  switch (operator) {
    case 'in':
    case 'not_in':
      return random.many(0, 3, any);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return scalar(random, world, type, ['number', 'string']);
    case 'starts_with':
    case 'ends_with':
      return random.pick(world.strings);
    case 'matches':
      return random.pick(world.regexes);
    default:
      return any();
  }
}

/** An atom with `matches`, `@` or a quantifier. */
function opaqueAtom(random: Random, world: World, field: string, type: Field['type']): Atom {
  const reference = { field: random.pick(world.fields).name };
  const kind = random.pick(['matches', 'reference', 'quantifier']);
  if (kind === 'matches')
    return { kind: 'atom', field, operator: 'matches', value: random.pick(world.regexes) };
  if (kind === 'reference') return { kind: 'atom', field, operator: random.pick(ALL), value: reference };
  const operator = random.pick([...ALL, 'matches' as const]);
  const quantifier = random.pick(['every', 'some'] as const);
  const isReference = operator !== 'matches' && random.chance(20);
  const value = isReference ? reference : literal(random, world, operator, type);
  return { kind: 'atom', quantifier, field: random.chance(70) ? 'l' : field, operator, value };
}

export function randomFormula(random: Random, world: World, depth = 2): Formula {
  if (depth === 0 || random.chance(40)) {
    return random.chance(12)
      ? { kind: 'has', field: random.pick(world.fields).name }
      : randomAtom(random, world);
  }
  if (random.chance(20)) return not(randomFormula(random, world, depth - 1));
  const terms = random.many(2, 3, () => randomFormula(random, world, depth - 1));
  return chain(random.pick(['and', 'or']), terms);
}

export function randomLine(random: Random, world: World, kind: Line['kind']): Line {
  const [action, resource] = [randomAction(random, world), randomResource(random, world)];
  if (kind === 'limit') {
    const field = random.chance(50) ? random.pick(world.fields).name : undefined;
    const amount = random.pick(field === undefined ? [1, 2, 3, 6] : [1, 2, 0.1, 0.3, 6]);
    return {
      kind,
      action,
      resource,
      amount,
      field,
      count: random.pick([1, 2, 3, 60]),
      unit: random.pick(['second', 'minute']),
    };
  }
  const bare = kind === 'permit' ? world.bare : 20;
  const when = random.chance(bare) ? undefined : randomFormula(random, world);
  return kind === 'require'
    ? { kind, name: random.pick(NAMES), action, resource, when }
    : { kind, action, resource, when };
}

export function randomDraft(random: Random, world: World): Draft {
  const lines = (least: number, most: number, kind: Line['kind']) =>
    random.many(least, most, () => randomLine(random, world, kind));
  const extras = random.chance(50) ? [...lines(0, 1, 'limit'), ...lines(0, 2, 'require')] : [];
  return random.shuffle([...lines(1, world.permits, 'permit'), ...lines(0, 2, 'deny'), ...extras]);
}
