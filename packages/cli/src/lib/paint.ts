import { inspect } from 'node:util';
import type { Paint, Tone } from '@stele/ccl';
import type { Output } from './cli.js';

const COLOURS: Readonly<Record<Tone, 'green' | 'red' | 'yellow' | 'dim'>> = {
  good: 'green',
  bad: 'red',
  doubt: 'yellow',
  faint: 'dim',
};

/** Colours for a terminal, unless NO_COLOR is set; nothing for whatever else reads along. */
export function painter(output: Output): Paint {
  if (output.isTTY !== true || process.env.NO_COLOR) return (text) => text;
  return (text, tone) => {
    const [on, off] = inspect.colors[COLOURS[tone]] as [number, number];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}
