// A table of checks: what was done, whether it passed, how long it took; then why the failed ones failed.

/** Runs a check; a failure becomes a row instead of an exception. */
export async function check(name, work) {
  const start = performance.now();
  try {
    await work();
    return { name, passed: true, ms: performance.now() - start };
  } catch (error) {
    const details = error.output === undefined ? error.stack : `${error.message}\n${error.output}`;
    return { name, passed: false, ms: performance.now() - start, details };
  }
}

/** Prints the rows and returns the exit code. */
export function report(rows) {
  const width = Math.max(...rows.map(({ name }) => name.length));
  for (const { name, details } of rows.filter((row) => !row.passed))
    process.stdout.write(`\n--- ${name}\n${details}\n`);
  process.stdout.write('\n');
  for (const { name, passed, ms } of rows) {
    process.stdout.write(
      `${name.padEnd(width)}  ${passed ? 'passed' : 'FAILED'}  ${(ms / 1000).toFixed(1).padStart(6)} s\n`,
    );
  }
  const failed = rows.filter((row) => !row.passed).length;
  process.stdout.write(`${rows.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}
