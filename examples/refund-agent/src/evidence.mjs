// Checks what was written, damages copies of it, and looks whether that is found.
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FolderLogReader, parseProof, proveEntry, StoreError, verifyLog, verifyProof } from '@stele/sdk';
import { openStore } from './owner.mjs';

/** @typedef {{ good: boolean, text: string }} Finding */
/** @typedef {import('./shift.mjs').Row} Row */

/**
 * The folder of a log, and what an auditor holds of it: its verifier key, and checkpoints that were kept.
 * @typedef {{ folder: string, key: string, checkpoints: string[] }} Held
 */

/** The first line of a sealed record in the store. */
const SEAL = 'stele-sealed/2 ';

/** @param {Held} held @param {readonly Row[]} rows @returns {Promise<Finding>} */
export async function checkLog({ folder, key, checkpoints }, rows) {
  const { valid, size, checked } = await verifyLog(folder, { keys: [key], since: checkpoints });
  const decisions = rows.filter(({ record }) => record !== undefined).length;
  const outcomes = rows.filter(({ record }) => record?.decision === 'permit').length;
  const text = `The log is whole: the covenant, all ${decisions} decisions, and how the ${outcomes} permitted calls ended.`;
  const isAll = size === 1 + decisions + outcomes && checked.since === checkpoints.length;
  return { good: valid && isAll, text };
}

/**
 * Proves one decision without the rest of the log: the first that was refused in a conversation that was taken over.
 * @param {Held} held @param {readonly Row[]} rows @param {string} path where the proof is written
 * @returns {Promise<Finding>}
 */
export async function checkProof({ folder, key }, rows, path) {
  const row = rows.find(isTelling);
  const index = await row?.place;
  if (row === undefined || index === undefined) return { good: true, text: 'Nothing was refused.' };
  const proof = await proveEntry(new FolderLogReader(folder), index);
  writeFileSync(path, proof);
  const { valid, entry } = await verifyProof(proof, { keys: [key] });
  const { call, record } = row;
  const text = `That the ${call.tool} at ${call.time.slice(11, 16)} was refused is entry ${index}; ${parseProof(proof).hashes.length} hashes prove it by itself.`;
  const isIt = entry?.time === record?.time && entry?.kind === 'decision' && entry.code === record?.code;
  return { good: valid && isIt, text };
}

/** The decision that is looked at more closely. @param {Row} row */
const isTelling = ({ call, record }) => call.obeys !== undefined && record?.decision === 'deny';

/**
 * Forgets the customer of that decision, and looks what is left.
 * @param {Held} held @param {import('@stele/sdk').AuditLog} log the same log, open; it is closed here
 * @param {readonly Row[]} rows @param {string} proof where the proof of the decision is
 * @returns {Promise<Finding[]>}
 */
export async function checkForgetting({ folder, key, checkpoints }, log, rows, proof) {
  const row = rows.find(isTelling);
  const index = await row?.place;
  if (row === undefined || index === undefined) return [{ good: true, text: 'Nothing was refused.' }];
  const { call, record } = row;
  const before = await log.values(index);
  await log.eraseSubject(call.customer);
  const after = await log.values(index).catch(({ code }) => code);
  await log.close();
  const { valid } = await verifyLog(folder, { keys: [key], since: checkpoints });
  const proved = await verifyProof(readFileSync(proof), { keys: [key] });
  return [
    {
      good: before?.values.resource === record?.resource,
      text: `The shop itself can still read what entry ${index} was about: ${before?.values.resource}.`,
    },
    {
      good: after === 'values_erased',
      text: `The key of the customer is destroyed: nobody can read it now (${after}) …`,
    },
    { good: valid && proved.valid, text: '… and still the log is whole, and the proof of the entry holds.' },
  ];
}

/** The entry of a copy that is changed. */
const FLIPPED = 100;

/** @param {Held} held @param {string} copy @returns {Promise<Finding>} */
export async function checkFlippedLog({ folder, key }, copy) {
  cpSync(folder, copy, { recursive: true });
  const file = join(copy, 'tile/entries/000');
  const bytes = readFileSync(file);
  // Each entry stands behind two bytes that tell its length.
  let place = 0;
  for (let i = 0; i < FLIPPED; i++) place += 2 + bytes.readUInt16BE(place);
  flip(bytes, place + 2 + 20);
  writeFileSync(file, bytes);
  const { valid, problem } = await verifyLog(copy, { keys: [key] });
  const text = `One bit flipped in a copy of the log: found, in entry ${problem?.index}.`;
  return { good: !valid && problem?.index === FLIPPED, text };
}

/** @param {Held} held @param {string} old an older copy of the log @returns {Promise<Finding[]>} */
export async function checkOldLog({ key, checkpoints }, old) {
  const alone = await verifyLog(old, { keys: [key] });
  const { valid, problem } = await verifyLog(old, { keys: [key], since: checkpoints });
  return [
    { good: alone.valid, text: 'The log as it was at noon, put in place of it: by itself it looks whole …' },
    {
      good: !valid && problem?.code === 'truncated',
      text: `… but we kept a later checkpoint: found (${problem?.code}).`,
    },
  ];
}

/**
 * @param {string} folder of the store, which must be closed @param {string} copy
 * @param {string} id of the covenant in it @param {Uint8Array} encryptionKey
 * @returns {Promise<Finding>}
 */
export async function checkFlippedStore(folder, copy, id, encryptionKey) {
  cpSync(folder, copy, { recursive: true });
  const { file, bytes, place } = findSealed(copy);
  flip(bytes, place + 200);
  writeFileSync(file, bytes);
  const { store } = openStore(copy, encryptionKey);
  const code = await store.get(id).then(
    () => 'nothing',
    (error) => (error instanceof StoreError ? error.code : 'another error'),
  );
  await store.close();
  return {
    good: code === 'record_corrupt',
    text: `One bit flipped in a copy of the store: found (${code}).`,
  };
}

/** Whether none of these words can be read in the files of a folder. @param {string} folder @param {string[]} words @param {string} text @returns {Finding} */
export function checkNotIn(folder, words, text) {
  const contents = filesOf(folder).map((file) => readFileSync(file));
  return { good: !contents.some((bytes) => words.some((word) => bytes.includes(word))), text };
}

/** @param {string} folder */
function findSealed(folder) {
  for (const file of filesOf(folder)) {
    const bytes = readFileSync(file);
    const place = bytes.indexOf(SEAL);
    if (place >= 0) return { file, bytes, place };
  }
  throw new Error(`nothing sealed is in ${folder}`);
}

/** @param {string} folder */
function filesOf(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Changes the lowest bit. @param {Buffer} bytes @param {number} place */
function flip(bytes, place) {
  bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
  return place;
}
