import { postgresUrl } from '../../../../test/support/postgres.js';

export { freshSchema, inspector } from '../../../../test/support/schemas.js';

/** For tests of what is counted or kept, not of what survives: nobody waits for the disk. */
export const unsyncedUrl = withOptions(postgresUrl, '-c synchronous_commit=off');

function withOptions(url: string, options: string): string {
  const changed = new URL(url);
  changed.searchParams.set('options', options);
  return changed.href.replaceAll('+', '%20');
}
