/** Verifying with files that say what became of keys: revocation lists and statements of continuity. */
import { buildKeyContinuity, buildRevocationList, reissueCovenant } from '@stele/core';
import {
  buildCovenant,
  type CovenantDocument,
  countersignCovenant,
  generateKeyPair,
  type KeyPair,
} from '@stele/sdk';
import { beforeAll, describe, expect, it } from 'vitest';
import { Folder, RULES, stele, steleJson } from './support.js';

const folder = new Folder();
const DAY = 86_400_000;
const at = (days: number) => new Date(Date.now() + days * DAY);

let [owner, next, lists, agent]: KeyPair[] = [];
let covenant: CovenantDocument;
let file: string;
let continuity: string;

const did = (key: KeyPair | undefined) => key?.did as string;
const listFile = async (name: string, options: Partial<Parameters<typeof buildRevocationList>[0]> = {}) =>
  folder.write(
    name,
    await buildRevocationList({ number: 1, nextUpdate: at(7), signer: lists as KeyPair, ...options }),
  );
const named = (key: KeyPair | undefined, status: 'compromised' | 'retired' = 'compromised') => ({
  keys: [{ key: did(key), status, reason: 'stolen', revokedAt: '2026-01-01T00:00:00Z' }],
});

/** The exit code, and the first check that fails with its code. */
async function verdict(...argv: string[]): Promise<unknown[]> {
  const { code, json } = await steleJson(['verify', ...argv]);
  const failed = json.checks?.find(
    (check: { passed: boolean; warning?: true }) => !check.passed && !check.warning,
  );
  return [code, json.error?.code ?? failed?.name, ...(failed?.code === undefined ? [] : [failed.code])];
}

beforeAll(async () => {
  [owner, next, lists, agent] = await Promise.all([1, 2, 3, 4].map(() => generateKeyPair()));
  const beneficiary = { id: did(agent) };
  covenant = await buildCovenant({
    beneficiary,
    constraints: RULES,
    delegation: { maxDepth: 1 },
    signer: owner as KeyPair,
  });
  file = folder.write('covenant.json', covenant);
  const statement = await buildKeyContinuity({ oldKey: owner as KeyPair, newKey: next as KeyPair });
  continuity = folder.write('continuity.json', statement);
});

describe('verify with revocation lists', () => {
  it('heeds what a list of a list issuer names, covenants and keys, also when it is stale', async () => {
    const entry = { covenant: covenant.id, reason: 'lost', revokedAt: '2026-01-01T00:00:00Z' };
    const goneBy = ['--list-issuer', did(lists)];
    const onCovenant = await listFile('on-covenant.json', { covenants: [entry] });
    const onKey = await listFile('on-key.json', named(owner));
    const retired = await listFile('retired.json', named(owner, 'retired'));
    const stale = await listFile('stale.json', { ...named(owner), now: at(-9), nextUpdate: at(-2) });
    expect(await verdict(file, ...goneBy, '--revocation-list', onCovenant)).toEqual([1, 'not_revoked']);
    for (const list of [onKey, retired, stale])
      expect(await verdict(file, ...goneBy, '--revocation-list', list)).toEqual([1, 'key_status']);
    const silent = await listFile('silent.json', { number: 2 });
    const both = ['--revocation-list', silent, '--revocation-list', onKey];
    expect(await verdict(file, ...goneBy, ...both)).toEqual([1, 'key_status']);
    expect(await verdict(file, ...goneBy, '--revocation-list', silent)).toEqual([0, undefined]);
  });

  it('ignores the list of a stranger, and not that of the covenant’s own issuer', async () => {
    const byStranger = await listFile('stranger.json', named(owner));
    expect(await verdict(file, '--revocation-list', byStranger)).toEqual([0, undefined]);
    const itself = await listFile('itself.json', { ...named(owner), signer: owner as KeyPair });
    expect(await verdict(file, '--revocation-list', itself)).toEqual([1, 'key_status']);
  });

  it('denies without the newest list of every issuer where they are required', async () => {
    const required = ['--require-revocation-list', '--list-issuer', did(lists)];
    const list = ['--revocation-list', await listFile('required.json')];
    expect(await verdict(file, ...required, ...list)).toEqual([0, undefined]);
    const denied = [1, 'key_status', 'revocation_unknown'];
    expect(await verdict(file, ...required)).toEqual(denied);
    expect(await verdict(file, ...required, ...list, '--list-issuer', did(next))).toEqual(denied);
    expect(await verdict(file, ...required, ...list, '--now', '8d')).toEqual(denied);
    expect(await verdict(file, ...required, ...list, '--now', '2001-01-01')).toEqual(denied);
  });

  it('denies for one that does not verify, or that nobody can read', async () => {
    const list = await buildRevocationList({ number: 1, nextUpdate: at(7), signer: lists as KeyPair });
    const changed = folder.write('changed-list.json', { ...list, number: 2 });
    const goneBy = ['--list-issuer', did(lists), '--revocation-list'];
    const denied = [1, 'key_status', 'revocation_unknown'];
    expect(await verdict(file, ...goneBy, changed)).toEqual(denied);
    expect(await verdict(file, ...goneBy, folder.write('odd-list.json', '[]'))).toEqual(denied);
    const twice = folder.write('twice.json', '{"number":1,"number":2}');
    expect(await verdict(file, ...goneBy, twice)).toEqual([2, 'not_json']);
    expect(await verdict(file, ...goneBy, folder.at('none.json'))).toEqual([2, 'file_unreadable']);
    const huge = folder.write('huge.json', ' '.repeat(4 * 1024 * 1024 + 1));
    expect(await verdict(file, ...goneBy, huge)).toEqual([2, 'too_large']);
  });

  it('takes a list of more than a mebibyte', async () => {
    const keys = await Promise.all(Array.from({ length: 50 }, () => generateKeyPair()));
    const reason = 'é'.repeat(1_024);
    const covenants = Array.from({ length: 600 }, (_, i) => ({
      covenant: `urn:stele:covenant:${i.toString(16).padStart(64, '0')}`,
      reason,
      revokedAt: '2026-01-01T00:00:00Z',
    }));
    const entries = keys.map((key) => ({ ...named(key).keys[0], reason }) as never);
    const list = await listFile('large.json', { covenants, keys: entries });
    expect(Buffer.byteLength(folder.read('large.json'))).toBeGreaterThan(1024 * 1024);
    const goneBy = ['--list-issuer', did(lists), '--require-revocation-list'];
    expect(await verdict(file, ...goneBy, '--revocation-list', list)).toEqual([0, undefined]);
  });
});

describe('verify with continuity', () => {
  it('trusts a successor only if told, one statement or an array', async () => {
    const reissued = folder.write(
      'reissued.json',
      await reissueCovenant(covenant, {
        signer: next as KeyPair,
        continuity: [JSON.parse(folder.read('continuity.json'))],
      }),
    );
    const trust = ['--trust', did(owner), '--continuity'];
    const several = folder.write('several.json', `[${folder.read('continuity.json')}]`);
    expect(await verdict(reissued, ...trust, continuity)).toEqual([1, 'trust']);
    expect(await verdict(reissued, ...trust, continuity, '--follow-continuity')).toEqual([0, undefined]);
    expect(await verdict(reissued, ...trust, several, '--follow-continuity')).toEqual([0, undefined]);
    const rival = await buildKeyContinuity({ oldKey: owner as KeyPair, newKey: agent as KeyPair });
    const fork = ['--continuity', folder.write('rival.json', rival), '--follow-continuity'];
    expect(await verdict(reissued, ...trust, continuity, ...fork)).toEqual([1, 'trust']);
    const stolen = await listFile('stolen.json', named(owner));
    const lost = ['--follow-continuity', '--revocation-list', stolen, '--list-issuer', did(lists)];
    expect(await verdict(reissued, ...trust, continuity, ...lost)).toEqual([1, 'trust']);
  });

  it('lets the reissue of a parent stand in for one whose key is lost', async () => {
    const child = await buildCovenant({
      beneficiary: { id: 'spiffe://acme/worker' },
      constraints: RULES,
      parent: covenant,
      signer: agent as KeyPair,
    });
    const leaf = folder.write('leaf.json', child);
    const signed = await reissueCovenant(covenant, { signer: next as KeyPair, compromised: true });
    const vouched = folder.write('vouched.json', await countersignCovenant(signed, lists as KeyPair));
    const stolen = await listFile('lost.json', named(owner));
    const argv = [leaf, '--trust', did(lists), '--revocation-list', stolen, '--list-issuer', did(lists)];
    const trusted = ['--trust', did(next), '--parent', file];
    expect(await verdict(...argv, ...trusted)).toEqual([1, 'trust']);
    expect(await verdict(...argv, ...trusted, '--parent', vouched)).toEqual([0, undefined]);
  });

  it('denies a reissue of what is revoked, once it sees both', async () => {
    const reissue = await reissueCovenant(covenant, {
      signer: next as KeyPair,
      continuity: [JSON.parse(folder.read('continuity.json'))],
    });
    const again = folder.write('again.json', reissue);
    const entry = { covenant: covenant.id, reason: 'over', revokedAt: '2026-01-01T00:00:00Z' };
    const list = await listFile('original.json', { covenants: [entry] });
    const argv = [again, '--parent', file, '--continuity', continuity, '--list-issuer', did(lists)];
    expect(await verdict(...argv, '--revocation-list', list)).toEqual([1, 'not_revoked']);
  });
});

describe('what could do nothing', () => {
  it.each([
    ['a list issuer that is no did:key', () => ['--list-issuer', 'acme', '--require-revocation-list']],
    ['a requirement without issuers', () => ['--require-revocation-list']],
    ['list issuers without a list', () => ['--list-issuer', did(lists)]],
    ['following without statements', () => ['--follow-continuity', '--trust', did(owner)]],
    ['following without anchors', () => ['--follow-continuity', '--continuity', continuity]],
    ['standard input for two things', () => ['--continuity', '-', '--revocation-list', '-']],
  ])('is a usage error: %s', async (_, flags) => {
    expect(await verdict(file, ...flags())).toEqual([2, 'usage']);
  });

  it('is one for rules that are not signed, too', async () => {
    const rules = folder.write('rules.ccl', RULES);
    const argv = ['check', rules, 'orders.read', '/orders/7', '--require-revocation-list'];
    const { code, json } = await steleJson(argv);
    expect([code, json.error.code]).toEqual([2, 'usage']);
    expect((await stele(argv)).err).toContain('--require-revocation-list ');
  });
});

describe('check and replay', () => {
  it('take the same options', async () => {
    const stolen = await listFile('checked.json', named(owner));
    const silent = await listFile('checked-silent.json');
    const listed = (list: string) => ['--revocation-list', list, '--list-issuer', did(lists)];
    const action = ['check', file, 'orders.read', '/orders/7'];
    expect((await stele([...action, ...listed(silent)])).code).toBe(0);
    expect((await stele([...action, ...listed(stolen)])).code).toBe(1);
    const trace = folder.write('calls.jsonl', '{"tool":"x"}\n');
    const { json } = await steleJson(['replay', '--covenant', file, '--trace', trace, ...listed(stolen)]);
    expect(json.code).toBe('covenant_invalid');
  });
});
