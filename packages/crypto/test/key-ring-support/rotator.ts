/** Rotates the keys of a ring so many times, and prints the keys that it put in place. Arguments: folder, times. */
import { KeyManager } from '../../src/lib/key-manager.js';
import { FileKeyRing } from '../../src/lib/key-ring-file.js';
import { rawKeySealer } from '../../src/lib/key-ring-sealer.js';

const [folder, times] = process.argv.slice(2) as [string, string];
const made: string[] = [];
const manager = new KeyManager({
  ring: new FileKeyRing(folder),
  sealer: rawKeySealer(Uint8Array.from({ length: 32 }, (_, i) => i + 1)),
  onRotation: (_, newKey) => void made.push(newKey.publicKeyHex),
});
await manager.initialize();
const first = manager.history[0]?.publicKeyHex;
for (let i = 0; i < Number(times); i++) await manager.rotate();
process.stdout.write(JSON.stringify({ first, made }));
