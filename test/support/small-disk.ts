/** A file system of a few kilobytes, so that "disk full" is the kernel's own word. Mounting one takes root on Linux. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const mount = (...args: string[]): boolean => spawnSync('mount', args).status === 0;

/** True where small disks can be mounted; asked by mounting one, since root alone does not tell. */
export const canMountSmallDisks: boolean = ((): boolean => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const folder = mkdtempSync(join(tmpdir(), 'stele-mount-'));
  const mounted = mount('-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', folder);
  if (mounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true, force: true });
  return mounted;
})();
