// What the reports of two passes say together.

export const survivorsOf = (mutants) =>
  mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage');

/** Where the mutants are, as `--mutate` takes it: each place once. Its columns begin at 0, those of a report at 1. */
export function rangesOf(mutants) {
  const ranges = mutants.map(({ file, location: { start, end } }) => {
    return `${file}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`;
  });
  return [...new Set(ranges)];
}

/** The mutants of the first pass; those that the second one found killed are killed. */
export function settle(first, second) {
  const survived = new Set(survivorsOf(second).map(keyOf));
  const killed = new Set(second.map(keyOf).filter((key) => !survived.has(key)));
  return first.map((mutant) => (killed.has(keyOf(mutant)) ? { ...mutant, status: 'Killed' } : mutant));
}

/** The numbers of mutants do not last from one pass to the next. */
function keyOf({ file, location: { start, end }, mutatorName, replacement }) {
  return JSON.stringify([file, start, end, mutatorName, replacement]);
}

/** Per file and in all how many mutants there are and how many survived, and then each of those. */
export function tableOf(mutants) {
  const files = [...new Set(mutants.map(({ file }) => file))].sort();
  const left = survivorsOf(mutants).map(({ file, location: { start }, mutatorName, replacement = '' }) => {
    return `- ${file}:${start.line}:${start.column} ${mutatorName}: ${replacement}`;
  });
  return [
    '| file | mutants | killed | survived | share |',
    '|---|---|---|---|---|',
    ...files.map((file) => row(file, (mutant) => mutant.file === file, mutants)),
    row('all', () => true, mutants),
    '',
    ...left,
  ].join('\n');
}

function row(name, isOwn, mutants) {
  const own = mutants.filter(isOwn);
  const survived = survivorsOf(own).length;
  const share = ((100 * survived) / own.length).toFixed(1);
  return `| ${name} | ${own.length} | ${own.length - survived} | ${survived} | ${share} % |`;
}
