// Everything that is printed goes through here: headings, sentences, and colour where a terminal can show it.

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 };

/** @typedef {keyof typeof CODES} Ink */
/** @typedef {ReturnType<typeof openPaper>} Paper */

/**
 * @param {(text: string) => unknown} write
 * @param {{ colour?: boolean }} [options]
 */
export function openPaper(write, { colour = false } = {}) {
  let steps = 0;
  /** @param {Ink} ink @param {string} text */
  const paint = (ink, text) => (colour ? `\u001b[${CODES[ink]}m${text}\u001b[0m` : text);
  /** @param {string} [text] */
  const say = (text = '') => void write(`${text}\n`);
  return {
    paint,
    say,
    /** @param {string} text */
    step(text) {
      steps += 1;
      say(`\n${paint('bold', `${steps}. ${text}`)}\n`);
    },
    /** One finding of a check. @param {boolean} good @param {string} text */
    finding: (good, text) => say(`   ${good ? paint('green', '✓') : paint('red', '✗')} ${text}`),
  };
}

/**
 * One line of a table cell: what the agent asks for may hold anything, also what would drive a terminal.
 * @param {unknown} value @param {number} width
 */
export function fit(value, width) {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  const plain = text.replace(
    /[^\x20-\x7e\u00a1-\u024f]/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return plain.length > width ? `${plain.slice(0, width - 1)}…` : plain;
}

/** @param {number} amount */
export const money = (amount) => amount.toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ',');
