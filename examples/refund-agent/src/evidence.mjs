// Damages copies of what was written, and looks whether that is found.
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError, verifyDecisionFile } from '@stele/sdk';
import { openStore } from './owner.mjs';

/** @typedef {{ good: boolean, text: string }} Finding */
/** @typedef {import('@stele/sdk').Head} Head */

/** The first line of a sealed record in the store. */
const SEAL = 'stele-sealed/2 ';

/**
 * @param {string} path @param {Head} head
 * @param {readonly import('./shift.mjs').Row[]} rows
 * @returns {Promise<Finding>}
 */
export async function checkRecord(path, head, rows) {
  const { valid } = await verifyDecisionFile(path, head);
  const decisions = rows.filter(({ record }) => record !== undefined).length;
  const outcomes = rows.filter(({ record }) => record?.decision === 'permit').length;
  const text = `The record is whole and holds all ${decisions} decisions, and how the ${outcomes} permitted calls ended.`;
  return { good: valid && head.entries === decisions + outcomes, text };
}

/** @param {string} path @param {string} copy @param {Head} head @returns {Promise<Finding>} */
export async function checkFlippedRecord(path, copy, head) {
  const bytes = readFileSync(path);
  const place = flip(bytes, Math.floor(bytes.length / 2));
  writeFileSync(copy, bytes);
  const expected = bytes.subarray(0, place).filter((byte) => byte === 10).length + 1;
  const { valid, problem } = await verifyDecisionFile(copy, head);
  const found = `One bit of byte ${place} flipped in a copy: found, in line ${problem?.line} of ${head.entries}.`;
  return { good: !valid && problem?.line === expected, text: found };
}

/** @param {string} path @param {string} copy @param {Head} head @returns {Promise<Finding[]>} */
export async function checkCutRecord(path, copy, head) {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  writeFileSync(copy, `${lines.slice(0, -10).join('\n')}\n`);
  const alone = await verifyDecisionFile(copy);
  const withHead = await verifyDecisionFile(copy, head);
  return [
    { good: alone.valid, text: 'The last 10 lines cut off a copy: by itself it looks whole …' },
    { good: !withHead.valid, text: '… but it does not hold the head that we kept: found.' },
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

/** Whether any word of the covenant can be read in the store's files. @param {string} folder @returns {Finding} */
export function checkNothingInClear(folder) {
  const readable = filesOf(folder).some((file) => readFileSync(file).includes('payments.refund'));
  return {
    good: !readable,
    text: 'Without the key nobody reads it: the words “payments.refund” are in none of its files.',
  };
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
