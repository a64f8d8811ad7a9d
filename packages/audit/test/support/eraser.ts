/**
 * Appends entries of one subject after another and erases each, until it is killed. Says `? <subject>` before an erasure and
 * `! <subject>` when it is done. Usage: node eraser.mjs <log> <keys> <private key, hex>
 */
import { writeSync } from 'node:fs';
import { keyPairFromPrivateKey } from '@stele/crypto';
import { AuditLog, SubjectKeyFolder } from '../../src/index.js';
import { ERASER_ORIGIN, entryOf } from './erasures.js';

const [path = '', keyPath = '', secret = ''] = process.argv.slice(2);
const signer = await keyPairFromPrivateKey(Buffer.from(secret, 'hex'));
const keys = new SubjectKeyFolder(keyPath);
const log = await AuditLog.open(path, { signer, origin: ERASER_ORIGIN, values: { keys } });
for (;;) {
  const subject = `person ${process.pid} ${log.lag().entries} ${performance.now()}`;
  const receipts = await Promise.all([0, 1, 2].map((i) => log.append(entryOf(subject, i))));
  writeSync(1, `? ${receipts.map(({ index }) => index).join(',')} ${subject}\n`);
  await log.eraseSubject(subject);
  writeSync(1, `! ${receipts.map(({ index }) => index).join(',')} ${subject}\n`);
}
