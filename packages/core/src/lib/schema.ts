/**
 * A handful of combinators for closed JSON shapes. A `Shape` looks at one value and answers with the first problem, or
 * undefined. A problem begins where the value ends, as in ` must be a string` or `.name is missing`, so that the place
 * is put together only when there is a problem. Objects are closed: a member that no shape names is a problem, so
 * nothing unread is ever signed for.
 */
export type Shape = (value: unknown) => string | undefined;

type Fields = Readonly<Record<string, Shape>>;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object with exactly the required members and any of the optional ones. */
export function object(required: Fields, optional: Fields = {}): Shape {
  const shapes = new Map([...Object.entries(required), ...Object.entries(optional)]);
  const needed = Object.keys(required);
  return (value) => {
    if (!isObject(value)) return ' must be an object';
    for (const name of needed) if (!Object.hasOwn(value, name)) return `.${name} is missing`;
    for (const name of Object.keys(value)) {
      const shape = shapes.get(name);
      if (shape === undefined) return ` has an unknown member ${shown(name)}`;
      const problem = shape(value[name]);
      if (problem !== undefined) return `.${name}${problem}`;
    }
    return undefined;
  };
}

/** An object whose names are free (within `name`) and whose values all have one shape. */
export function record(name: RegExp, shape: Shape, maxMembers: number): Shape {
  return (value) => {
    if (!isObject(value)) return ' must be an object';
    const names = Object.keys(value);
    if (names.length > maxMembers) return ` has more than ${maxMembers} members`;
    for (const key of names) {
      const problem = name.test(key) ? shape(value[key]) : ' is not a valid name';
      if (problem !== undefined) return `[${shown(key)}]${problem}`;
    }
    return undefined;
  };
}

/** An array of `min` to `max` distinct strings of one shape. */
export function distinct(shape: Shape, min: number, max: number): Shape {
  const items = array(shape, min, max);
  return (value) => {
    const problem = items(value);
    if (problem !== undefined) return problem;
    return new Set(value as unknown[]).size === (value as unknown[]).length
      ? undefined
      : ' names one value twice';
  };
}

/** An array of `min` to `max` items of one shape. */
export function array(shape: Shape, min: number, max: number): Shape {
  return (value) => {
    if (!Array.isArray(value)) return ' must be an array';
    if (value.length < min || value.length > max) return ` must have ${min} to ${max} items`;
    for (let i = 0; i < value.length; i++) {
      const problem = shape(value[i]);
      if (problem !== undefined) return `[${i}]${problem}`;
    }
    return undefined;
  };
}

/** One item, or an array of 1 to `max`. */
export const oneOrMany = (shape: Shape, max: number): Shape => {
  const many = array(shape, 1, max);
  return (value) => (Array.isArray(value) ? many(value) : shape(value));
};

/** Exactly one string. */
export const literal =
  (text: string): Shape =>
  (value) =>
    value === text ? undefined : ` must be ${JSON.stringify(text)}`;

/** A string that `accepts` takes; `what` completes "must be …". */
export const text =
  (what: string, accepts: (value: string) => boolean = () => true): Shape =>
  (value) =>
    typeof value === 'string' && accepts(value) ? undefined : ` must be ${what}`;

/** A whole number from `min` to `max`. */
export const integer =
  (min: number, max: number): Shape =>
  (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : ` must be a whole number from ${min} to ${max}`;

/** An object nested at most `max` deep, itself counted. */
export const nested =
  (max: number): Shape =>
  (value) => {
    if (!isObject(value)) return ' must be an object';
    return isDeeper(value, max) ? ` is nested more than ${max} deep` : undefined;
  };

function isDeeper(value: unknown, max: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return max === 0 || Object.values(value).some((item) => isDeeper(item, max - 1));
}

const shown = (name: string): string => JSON.stringify(name.slice(0, 64));
