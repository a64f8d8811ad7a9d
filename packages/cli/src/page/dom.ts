/** Elements made from data. Text is only ever set as text: nothing that a log holds is read as markup. */

export { printable as shown } from '../lib/printable.js';

type Child = Node | string | undefined;
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An element of HTML. An attribute that is false or undefined is left out. */
export function el<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  fill(element, attributes, children);
  return element;
}

/** An element of SVG. */
export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  fill(element, attributes, children);
  return element;
}

function fill(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== undefined));
}

/** An element that the page always has. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

const whole = new Intl.NumberFormat('en-US');

/** A count with thousands separators. */
export const count = (value: number): string => whole.format(value);

/** `2026-11-30 07:55:12.123`, UTC; a dash for no time. */
export function timeText(ms: number, digits: 16 | 19 | 23 = 19): string {
  return Number.isNaN(ms) ? '–' : new Date(ms).toISOString().slice(0, digits).replace('T', ' ');
}

/** Gives the browser a turn, so that it can draw and hear its user. */
export const breathe = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
