/** Rotates the keys of a ring so many times, and prints the keys that it put in place. Arguments: path, times. */
import { KeyManager, rawKeySealer } from '@stele/crypto';
import { SqliteKeyRing } from '../../src/sqlite-key-ring.js';

const [path, times] = process.argv.slice(2) as [string, string];
const made: string[] = [];
const ring = new SqliteKeyRing(path);
const manager = new KeyManager({
  ring,
  sealer: rawKeySealer(Uint8Array.from({ length: 32 }, (_, i) => i + 1)),
  onRotation: (_, newKey) => void made.push(newKey.publicKeyHex),
});
await manager.initialize();
const first = manager.history[0]?.publicKeyHex;
for (let i = 0; i < Number(times); i++) await manager.rotate();
await ring.close();
process.stdout.write(JSON.stringify({ first, made }));
