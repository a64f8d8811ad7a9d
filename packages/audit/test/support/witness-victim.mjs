// Gives a witness one request after another until it is killed; says the size of each checkpoint that it has cosigned
// when, and only when, the cosignature has come. Usage: node witness-victim.mjs <folder> <requests file> <from size>
import { readFileSync, writeSync } from 'node:fs';
import { Witness } from '@stele/audit';
import { keyPairFromPrivateKey } from '@stele/crypto';

const [folder, file, from] = process.argv.slice(2);
const { origin, key, seed, requests } = JSON.parse(readFileSync(file, 'utf8'));
const signer = await keyPairFromPrivateKey(Buffer.from(seed, 'hex'));
const witness = await Witness.open(folder, {
  name: 'witness.example/w1',
  signer,
  logs: [{ origin, keys: [key] }],
});
for (let old = Number(from); old < requests.length; old++) {
  const { status, body } = await witness.addCheckpoint(Buffer.from(requests[old]));
  if (status !== 200) throw new Error(`${status} ${body}`);
  writeSync(1, `${old + 1}\n`);
}
