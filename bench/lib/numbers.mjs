/** Numbers as people read them. */

/** Operations a second, to three digits. */
export function rate(perSecond) {
  if (perSecond >= 1e6) return `${digits(perSecond / 1e6)}M`;
  return perSecond >= 1e4 ? `${digits(perSecond / 1e3)}k` : digits(perSecond);
}

/** Microseconds, with the unit that fits. */
export function time(micros) {
  return micros < 1_000 ? `${digits(micros)} µs` : `${digits(micros / 1_000)} ms`;
}

export const percent = (share) => `${digits(share * 100)} %`;

export const times = (factor) =>
  `${factor >= 100 ? Math.round(factor) : factor.toFixed(factor < 0.1 ? 4 : 2)}×`;

function digits(value) {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
