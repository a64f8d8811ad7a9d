/** What somebody may do to a log, and what verifying it says: each attack, in each place where a log can be kept. */
import { canonicalizeJson } from '@stele/crypto';
import { describe, expect, it } from 'vitest';
import type { ProblemCode } from '../src/lib/report.js';
import { type VerifyLogOptions, verifyLog } from '../src/verify-log.js';
import { type Files, keyOf, leaf, leaves, ORIGIN, signed, tilesOf, vkey } from './support/made-log.js';
import { type Forged, places } from './support/verify-places.js';

const SIZE = 700;
const [own, next, other] = await Promise.all([keyOf(1), keyOf(2), keyOf(3)]);
const honest = leaves(SIZE);
const before = await Promise.all([256, 500, 600].map((size) => signed(honest.slice(0, size), own)));
const [at256, at500, at600] = before as [string, string, string];
const now = await signed(honest, own);

interface Attack {
  readonly forge: () => Forged | Promise<Forged>;
  readonly options?: Partial<VerifyLogOptions>;
  /** The first problem. */
  readonly code: ProblemCode | readonly ProblemCode[];
  readonly index?: number;
  readonly before?: number;
  readonly path?: string;
}

const hashesOf = (entries: readonly Uint8Array[]): Files =>
  new Map([...tilesOf(entries)].filter(([path]) => !path.startsWith('tile/entries/')));
const tiles = (): Files => hashesOf(honest);

/** The log as it should be, but for what is given. */
const forged = (changes: Partial<Forged>): Forged => ({
  entries: honest,
  tiles: tiles(),
  note: now,
  size: SIZE,
  ...changes,
});

/** Entries with everything that follows from them computed anew, signed by whoever has a key. */
const rebuilt = async (entries: readonly Uint8Array[], key = own, origin = ORIGIN): Promise<Forged> => ({
  entries,
  tiles: hashesOf(entries),
  note: await signed(entries, key, origin),
  size: entries.length,
});

const changedAt = (index: number, entry: Uint8Array): Uint8Array[] => honest.with(index, entry);
const edited = (index: number) => changedAt(index, leaf(index, { covenant: 'another' }));
const without = (index: number) => honest.toSpliced(index, 1);
const swapped = (a: number, b: number) =>
  honest.with(a, honest[b] as Uint8Array).with(b, honest[a] as Uint8Array);

/** One bit of a tile turned over. */
function turned(path: string, byte: number): Files {
  const files = tiles();
  const bytes = Uint8Array.from(files.get(path) as Uint8Array);
  bytes[byte] = (bytes[byte] as number) ^ 1;
  return files.set(path, bytes);
}

function less(path: string): Files {
  const files = tiles();
  files.delete(path);
  return files;
}

/** A tile whose hashes for some entries were computed anew, and nothing above it. */
function withTile(path: string, entries: readonly Uint8Array[]): Files {
  return tiles().set(path, hashesOf(entries).get(path) as Uint8Array);
}

const rotated = changedAt(400, leaf(400, { kind: 'log.key', key: vkey(next), previous: vkey(own) }));
const text = (index: number, json: string) => rebuilt(changedAt(index, Buffer.from(json)));
const plain = (index: number) => Buffer.from(leaf(index)).toString();

const attacks: Record<string, Attack> = {
  'an entry edited': { forge: () => forged({ entries: edited(17) }), code: 'entry_changed', index: 17 },
  'the last entry edited': {
    forge: () => forged({ entries: edited(699) }),
    code: 'entry_changed',
    index: 699,
  },
  'an entry edited with the hash in its tile': {
    forge: () => forged({ entries: edited(300), tiles: withTile('tile/0/001', edited(300)) }),
    ...{ code: 'entry_changed', index: 256, before: 512 },
  },
  'an entry edited with every hash above it': {
    forge: async () => ({ ...(await rebuilt(edited(300))), note: now }),
    ...{ code: 'root_mismatch', index: 0, before: 700 },
  },
  'the same, by an auditor who kept checkpoints': {
    forge: async () => ({ ...(await rebuilt(edited(300))), note: now }),
    options: { since: [at500, at256] },
    ...{ code: 'forked', index: 256, before: 500 },
  },
  'the same, signed anew by the operator': {
    forge: () => rebuilt(edited(550)),
    options: { since: [at256, at500, at600] },
    ...{ code: 'forked', index: 500, before: 600 },
  },
  'an entry deleted': { forge: () => forged({ entries: without(300) }), code: 'entry_changed', index: 300 },
  'an entry taken out': {
    forge: () => forged({ entries: honest.map((each, i) => (i === 300 ? undefined : each)) }),
    ...{ code: ['entry_changed', 'entry_missing'], index: 300 },
  },
  'an entry deleted, and signed anew': {
    forge: () => rebuilt(without(300)),
    code: 'entry_malformed',
    index: 300,
  },
  'an entry inserted': {
    forge: () => forged({ entries: honest.toSpliced(300, 0, leaf(300)) }),
    ...{ code: 'entry_changed', index: 301 },
  },
  'an entry inserted, and signed anew': {
    forge: () => rebuilt(honest.toSpliced(300, 0, leaf(300))),
    ...{ code: 'entry_malformed', index: 301 },
  },
  'two entries reordered': {
    forge: () => forged({ entries: swapped(300, 301) }),
    code: 'entry_changed',
    index: 300,
  },
  'two entries reordered, and signed anew': {
    forge: () => rebuilt(swapped(300, 600)),
    code: 'entry_malformed',
    index: 300,
  },
  'one number for two entries': {
    forge: () => rebuilt(changedAt(300, leaf(299))),
    code: 'entry_malformed',
    index: 300,
  },
  'a checkpoint without its entries': {
    forge: () => forged({ entries: [] }),
    code: 'entry_missing',
    index: 0,
  },
  'an old copy put back': {
    forge: async () => ({ ...(await rebuilt(honest.slice(0, 500))), note: at500 }),
    options: { since: at600 },
    ...{ code: 'truncated', index: 500, before: 600 },
  },
  'an old checkpoint put back': {
    forge: () => forged({ note: at500, size: 500 }),
    options: { since: [at256, at600] },
    code: 'truncated',
    index: 500,
  },
  'the tail replaced': {
    forge: async () => ({
      ...(await rebuilt([...honest.slice(0, 600), ...edited(620).slice(600)])),
      note: now,
    }),
    options: { since: [at500, at600] },
    ...{ code: 'root_mismatch', index: 600, before: 700 },
  },
  'the tail replaced, and signed anew': {
    forge: () => rebuilt([...honest.slice(0, 500), leaf(500, { covenant: 'new' })]),
    options: { since: [at256, at500, at600] },
    ...{ code: 'truncated', index: 501 },
  },
  'another log in its place': {
    forge: () => rebuilt(honest, other, 'other.example/log'),
    code: 'checkpoint_unsigned',
  },
  'another log of the same key': {
    forge: () => rebuilt(honest, own, 'other.example/log'),
    ...{ code: 'checkpoint_unsigned' },
  },
  'another log of the same key, to an auditor who knows only the key': {
    forge: () => rebuilt(honest, own, 'other.example/log'),
    options: { keys: [own.publicKey], since: at500 },
    code: 'checkpoint_foreign',
  },
  'another log of the same key, to an auditor who knows its name': {
    forge: () => rebuilt(honest, own, 'other.example/log'),
    options: { keys: [own.did], origin: ORIGIN },
    code: 'checkpoint_foreign',
  },
  'the checkpoint of another log': {
    forge: async () =>
      forged({ note: await signed(honest.slice(0, 300), own, 'other.example/log'), size: 300 }),
    code: 'checkpoint_unsigned',
  },
  'the entries of another log under its checkpoint': {
    forge: async () => ({
      ...(await rebuilt(leaves(SIZE).map((_, i) => leaf(i, { covenant: 'x' })))),
      note: now,
    }),
    ...{ code: 'root_mismatch', index: 0, before: 700 },
  },
  'another head for another reader': {
    forge: () => rebuilt(edited(650)),
    options: { since: now },
    ...{ code: 'forked', index: 0, before: 700 },
  },
  'a key that nobody named': { forge: () => rebuilt(honest, other), code: 'checkpoint_unsigned' },
  'a retired key that signs on': {
    forge: () => rebuilt(rotated, own),
    options: { keys: [vkey(own), vkey(next)] },
    code: 'key_retired',
  },
  'a checkpoint that a retired key back-dates': {
    forge: () => rebuilt(rotated, next),
    options: { keys: [vkey(own), vkey(next)], since: await signed(rotated.slice(0, 500), own) },
    code: 'key_retired',
  },
  'a retired key that brings itself back': {
    forge: () =>
      rebuilt(rotated.with(600, leaf(600, { kind: 'log.key', key: vkey(own), previous: vkey(next) })), own),
    options: { keys: [vkey(own), vkey(next)] },
    ...{ code: 'key_retired', index: 600 },
  },
  'a retired key that lies about the one before': {
    forge: () =>
      rebuilt(
        rotated.with(600, leaf(600, { kind: 'log.key', key: vkey(next), previous: vkey(other) })),
        next,
      ),
    options: { keys: [vkey(own), vkey(next)] },
    ...{ code: 'key_retired', index: 600 },
  },
  'a tile changed': {
    forge: () => forged({ tiles: turned('tile/0/001', 32 * 44) }),
    code: 'tile_changed',
    index: 300,
    path: 'tile/0/001',
  },
  'a partial tile changed': {
    forge: () => forged({ tiles: turned('tile/0/002.p/188', 0) }),
    ...{ code: 'tile_changed', index: 512, path: 'tile/0/002.p/188' },
  },
  'an upper tile changed': {
    forge: () => forged({ tiles: turned('tile/1/000.p/2', 63) }),
    ...{ code: 'tile_changed', index: 256, path: 'tile/1/000.p/2' },
  },
  'a tile and its entries changed': {
    forge: () => forged({ tiles: turned('tile/1/000.p/2', 0), entries: edited(300) }),
    ...{ code: 'entry_changed', index: 0 },
  },
  'a tile taken away': {
    forge: () => forged({ tiles: less('tile/0/001') }),
    code: 'tile_missing',
    index: 256,
    path: 'tile/0/001',
  },
  'an upper tile taken away': {
    forge: () => forged({ tiles: less('tile/1/000.p/2') }),
    code: 'tile_missing',
    index: 0,
    path: 'tile/1/000.p/2',
  },
  'a tile taken away, and an entry below it edited': {
    forge: () => forged({ tiles: less('tile/0/001'), entries: edited(300) }),
    ...{ code: 'tile_missing', index: 256 },
  },
  'a signature changed': {
    forge: () => forged({ note: now.replace(/.{6}\n$/, 'AAAA==\n') }),
    code: ['checkpoint_unsigned', 'checkpoint_malformed'],
  },
  'a size changed': {
    forge: () => forged({ note: now.replace('\n700\n', '\n699\n'), size: 699 }),
    code: 'checkpoint_unsigned',
  },
  'a checkpoint that is none': { forge: () => forged({ note: 'hello\n' }), code: 'checkpoint_malformed' },
  'a kept checkpoint that nobody signed': {
    forge: () => forged({}),
    options: { since: await signed(honest.slice(0, 300), other) },
    code: 'checkpoint_unsigned',
  },
  'an entry with a space': {
    forge: () => text(300, plain(300).replace(',', ', ')),
    code: 'entry_malformed',
    index: 300,
  },
  'an entry with a name twice': {
    forge: () => text(300, plain(300).replace('"v":1', '"v":1,"v":1')),
    code: 'entry_malformed',
    index: 300,
  },
  'an entry with names out of order': {
    forge: () => text(300, `{"v":1,${plain(300).slice(1).replace(',"v":1', '')}`),
    code: 'entry_malformed',
    index: 300,
  },
  'an entry with a number of another spelling': {
    forge: () => text(300, plain(300).replace('"v":1', '"v":1.0')),
    code: 'entry_malformed',
    index: 300,
  },
  'an entry with an escape too many': {
    forge: () => text(300, plain(300).replace('c300', '\\u0063300')),
    code: 'entry_malformed',
    index: 300,
  },
  'an entry of a version to come': {
    forge: () => rebuilt(changedAt(300, leaf(300, { v: 2 }))),
    code: 'entry_malformed',
    index: 300,
  },
  'an outcome of a later entry': {
    forge: () =>
      rebuilt(
        changedAt(
          300,
          Buffer.from(
            canonicalizeJson({
              v: 1,
              kind: 'outcome',
              time: '2026-01-02T03:04:05Z',
              of: 300,
              outcome: 'done',
              seq: 300,
            }),
          ),
        ),
      ),
    ...{ code: 'entry_malformed', index: 300 },
  },
  'a key entry without a key': {
    forge: () => rebuilt(changedAt(300, leaf(300, { kind: 'log.key' }))),
    code: 'entry_malformed',
    index: 300,
  },
};

/** In which a database differs from files: that entries, tiles and checkpoint can each be changed there without the others. */
const OF_DATABASES = [
  'an entry edited',
  'an entry edited with the hash in its tile',
  'an entry deleted',
  'an entry taken out',
  'an entry deleted, and signed anew',
  'a checkpoint without its entries',
  'an old copy put back',
  'the tail replaced',
  'another head for another reader',
  'a key that nobody named',
  'a partial tile changed',
  'a tile taken away',
  'a tile taken away, and an entry below it edited',
  'a checkpoint that is none',
  'an entry with a space',
];

describe.each(places)('in $name', ({ name, isThere, put }) => {
  const here = Object.entries(attacks).filter(([what]) => name === 'files' || OF_DATABASES.includes(what));
  describe.skipIf(!isThere)('is found', () => {
    it.each(here)('%s', async (_, { forge, options, code, index, before: end, path }) => {
      const report = await verifyLog(await put(await forge()), { keys: [vkey(own)], ...options });
      const { problem } = report;
      expect({ ...problem, message: '' }).toMatchObject({
        ...(typeof code === 'string' && { code }),
        ...(index !== undefined && { index }),
        ...(end !== undefined && { before: end }),
        ...(path !== undefined && { path }),
      });
      expect([code].flat()).toContain(problem?.code);
      expect([report.valid, report.proves]).toEqual([false, []]);
      expect(problem?.message).toMatch(/^.{20,400}$/s);
    });

    it.each(name === 'files' ? [0, 1, 255, 256, 257, 400, 512, 699] : [0, 300])(
      'a log cut to %i entries',
      async (length) => {
        const report = await verifyLog(await put(forged({ entries: honest.slice(0, length) })), {
          keys: [vkey(own)],
        });
        expect(report.problem).toMatchObject({ code: 'entry_missing', index: length });
      },
    );
  });

  it.skipIf(!isThere)('a log that nobody touched verifies', async () => {
    const whole = await put(forged({}));
    const options = { keys: [vkey(own)], since: [at600, at256, now, await signed([], own)] };
    expect(await verifyLog(whole, options)).toMatchObject({
      ...{ valid: true, problems: [], origin: ORIGIN, size: SIZE, from: 0, to: SIZE },
      checked: { entries: SIZE, tiles: 4, since: 4 },
    });
    const turned = await put(await rebuilt(rotated, next));
    const since = [
      at256,
      await signed(rotated.slice(0, 400), own),
      await signed(rotated.slice(0, 401), next),
    ];
    expect(await verifyLog(turned, { keys: [vkey(own), vkey(next)], since })).toMatchObject({
      valid: true,
      checked: { since: 3 },
    });
  });
});
