/**
 * What is done after every test file. The files of a project share a process and each module in it, so a hook that a module of
 * support registered as it is imported would run after the first file alone.
 */
type Hook = () => unknown;

const hooks: Hook[] = [];

/** Runs a hook after this file and every one that follows it in this process. */
export function afterEveryFile(hook: Hook): void {
  hooks.push(hook);
}

/** Runs them all, whatever one of them throws. */
export async function endFile(): Promise<void> {
  const ended = await Promise.allSettled(hooks.map(async (hook) => hook()));
  const errors = ended.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  if (errors.length > 0) throw new AggregateError(errors, 'The end of a test file failed');
}
