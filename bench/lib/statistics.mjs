/** The value below which the given share of the numbers lies, interpolated. */
export function quantile(numbers, share) {
  const sorted = Float64Array.from(numbers).sort();
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

export const median = (numbers) => quantile(numbers, 0.5);

/** The median over all rounds of one candidate's rate divided by another's in the same round. */
export function ratio(rates, others) {
  return median(rates.map((rate, round) => rate / others[round]));
}
