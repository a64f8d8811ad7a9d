/** Requests for approval from the command line: listed, shown, approved, denied, removed. */

import { writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import {
  type ApprovalRequest,
  buildCovenant,
  type CovenantDocument,
  newApprovalRequest,
  revokeCovenant,
  signApproval,
  verifyApproval,
} from '@stele/core';
import { generateKeyPair, type KeyPair } from '@stele/crypto';
import { EncryptedStore, FileStore, SqliteStore } from '@stele/sdk';
import type { BackedStore } from '@stele/store';
import { beforeAll, describe, expect, it } from 'vitest';
import { haveSqlite } from '../../../test/support/sqlite.js';
import { run } from '../src/index.js';
import { toJwk } from '../src/lib/keys.js';
import { newKey, recordFiles } from './store-support.js';
import { Folder, stele, steleJson } from './support.js';

const RULES = `permit payments.refund on '/orders/**'
require human.approval for payments.refund on '/orders/**' when args.amount > 100
require finance.approval for payments.refund on '/orders/**' when args.amount > 1000
`;
const HOUR = 3_600_000;
const folder = new Folder();
let owner: KeyPair, agent: KeyPair, ada: KeyPair, ben: KeyPair, eve: KeyPair;
/** Names approvers for `human.approval`, and none for `finance.approval`. */
let covenant: CovenantDocument;
const keyFile: Record<string, string> = {};
let made = 0;

beforeAll(async () => {
  [owner, agent, ada, ben, eve] = (await Promise.all([1, 2, 3, 4, 5].map(() => generateKeyPair()))) as [
    KeyPair,
    KeyPair,
    KeyPair,
    KeyPair,
    KeyPair,
  ];
  for (const [name, pair] of Object.entries({ agent, ada, ben, eve }))
    keyFile[name] = folder.writeSecret(`${name}.key`, toJwk(pair));
  covenant = await buildCovenant({
    beneficiary: { id: agent.did, name: 'refunds' },
    constraints: RULES,
    approvers: { 'human.approval': { keys: [ada.did, ben.did, agent.did], threshold: 2 } },
    signer: owner,
  });
});

type Facts = Partial<Parameters<typeof newApprovalRequest>[0]>;

function requestFor(facts: Facts = {}, askedAt = Date.now(), expiresInMs = HOUR): ApprovalRequest {
  const governing = facts.covenants?.at(-1) ?? covenant.id;
  return newApprovalRequest(
    {
      audience: 'refund desk',
      agent: agent.did,
      covenants: [governing],
      policy: 'a'.repeat(64),
      obligations: [{ name: 'human.approval', covenant: governing, line: 2 }],
      action: 'payments.refund',
      resource: '/orders/7',
      context: { args: { amount: 250 } },
      ...facts,
    },
    { now: new Date(askedAt), expiresInMs },
  );
}

interface Place {
  readonly name: string;
  readonly open: () => BackedStore;
}

const files = (): Place => {
  const path = folder.at(`store-${made++}`);
  return { name: path, open: () => new FileStore(path) };
};

async function within<T>({ open }: Place, use: (store: BackedStore) => Promise<T>): Promise<T> {
  const store = open();
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** A store with the covenant and these requests. */
async function filled(requests: readonly ApprovalRequest[], place = files()): Promise<Place> {
  await within(place, async (store) => {
    await store.put(covenant);
    for (const request of requests) await store.approvals.open(request);
  });
  return place;
}

const approvals = (...argv: string[]) => steleJson(['approvals', ...argv]);
const answer = (verdict: string, { id }: ApprovalRequest, place: Place, key: string, ...more: string[]) =>
  approvals(verdict, id, '--store', place.name, '--key', keyFile[key] as string, '--yes', ...more);
const recordOf = (place: Place, { id }: ApprovalRequest) => within(place, (store) => store.approvals.get(id));
const codesOf = (json: { refusals: { code: string }[] }) => json.refusals.map(({ code }) => code);

const kinds: readonly (readonly [string, boolean, () => Place])[] = [
  ['a FileStore', true, files],
  [
    'a SqliteStore (needs SQLite)',
    haveSqlite,
    () => {
      const path = folder.at(`database-${made++}`);
      return { name: `sqlite:${path}`, open: () => new SqliteStore(path) };
    },
  ],
];

for (const [kind, have, place] of kinds) {
  describe.skipIf(!have)(kind, () => {
    it('is approved by two of the covenant’s approvers, and the whole verifies', async () => {
      const request = requestFor();
      const store = await filled([request], place());
      const first = await answer('approve', request, store, 'ada');
      expect(first).toMatchObject({
        code: 0,
        err: '',
        json: { signed: true, key: ada.did, approvals: [ada.did] },
      });
      const second = await answer('approve', request, store, 'ben');
      expect(second.json.obligations).toMatchObject([
        { name: 'human.approval', approvers: { threshold: 2 }, approvedBy: [ada.did, ben.did] },
      ]);
      const record = await recordOf(store, request);
      expect(record?.state).toBe('open');
      expect(await verifyApproval(record?.approval, { request })).toMatchObject({
        valid: true,
        document: { verdict: 'approve' },
        signers: [ada.did, ben.did],
      });
      const listed = await approvals('list', '--store', store.name);
      expect(listed.json).toMatchObject({
        requests: [{ id: request.id, state: 'open', expired: false, approvals: 2, denials: 0 }],
        more: false,
        unreadable: [],
      });
    });
  });
}

describe('stele approvals deny', () => {
  it('keeps a denial, after which nobody’s approval is signed', async () => {
    const request = requestFor();
    const store = await filled([request]);
    expect(await answer('deny', request, store, 'ben')).toMatchObject({
      code: 0,
      json: { denials: [ben.did] },
    });
    expect((await recordOf(store, request))?.denial?.verdict).toBe('deny');
    const late = await answer('approve', request, store, 'ada');
    expect([late.code, codesOf(late.json)]).toEqual([1, ['denied']]);
    expect((await recordOf(store, request))?.approval).toBeUndefined();
  });

  it('does not take a stranger’s denial for one', async () => {
    const request = requestFor();
    const store = await filled([request]);
    const denial = await signApproval(request, { verdict: 'deny', signer: eve });
    await within(store, (each) => each.approvals.sign(denial));
    expect(await answer('approve', request, store, 'ada')).toMatchObject({
      code: 0,
      json: { denials: [eve.did] },
    });
  });
});

/** What was folded in one piece again. */
const unfolded = (out: string) => out.replaceAll(/\n *… /g, '');

/** Lines as a terminal shows them, which goes on at the left edge where one is too long for it. */
function onScreen(out: string, columns: number): string[] {
  return out.split('\n').flatMap((line) => {
    const rows = [''];
    let at = 0;
    for (const character of line) {
      const width = /\p{M}/u.test(character) ? 0 : /\p{Ideographic}/u.test(character) ? 2 : 1;
      if (at + width > columns) {
        rows.push('');
        at = 0;
      }
      rows.push(`${rows.pop()}${character}`);
      at += width;
    }
    return rows;
  });
}

describe('stele approvals show', () => {
  it('shows all that is signed for, and what could mislead a terminal escaped', async () => {
    const text = 'fine\u001b[2K\u202e\nstate       used';
    const request = requestFor({
      context: { args: { note: text, amount: 250, list: ['x'.repeat(9_000)] } },
      toolDigest: 'c'.repeat(64),
      audience: 'desk\u0007',
    });
    const store = await filled([request]);
    const { code, out } = await stele(['approvals', 'show', request.id, '--store', store.name]);
    expect(code).toBe(0);
    for (const shown of [
      ...[request.id, 'payments.refund', '/orders/7', agent.did, owner.did, ada.did, ben.did],
      ...[
        'x'.repeat(9_000),
        '"amount": 250',
        request.expiresAt,
        'c'.repeat(64),
        'line 2',
        '0 of 2 signatures',
      ],
      ...[
        'require human.approval for payments.refund',
        '\\u001b',
        '\\u{202e}',
        '\\n',
        '"desk\\u0007"',
        '  holds',
      ],
    ])
      expect(unfolded(out)).toContain(shown);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
    expect(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(out)).toBe(false);
    expect(out.split('\n').filter((line) => line.startsWith('state'))).toEqual(['state       open']);
    const { json } = await approvals('show', request.id, '--store', store.name);
    expect(json).toMatchObject({
      request: { context: { args: { note: text } } },
      approvals: [],
      denials: [],
    });
  });

  it('shows two arguments apart that only differ in what is drawn as nothing, or as a space', async () => {
    const odd = ['\u3164', '\u115f', '\uffa0', '\u034f', '\ufe0f', '\u{e0100}', '\u2800', '\u00a0', '\u3000'];
    const request = requestFor({ context: { args: { amount: 250, to: `acme${odd.join('')}` } } });
    const store = await filled([request]);
    const { out } = await stele(['approvals', 'show', request.id, '--store', store.name]);
    const escaped = odd.map((each) => `\\u{${each.codePointAt(0)?.toString(16)}}`);
    expect(unfolded(out)).toContain(`"to": "acme${escaped.join('')}"`);
    const { json } = await approvals('show', request.id, '--store', store.name);
    expect(json).toMatchObject({ request: { context: request.context } });
  });

  describe.each([undefined, 40, 200])('in a terminal of %s columns', (columns) => {
    const width = columns ?? 80;

    /** What stands at the left edge, of the rows that hold what is asked only the name. */
    async function leftEdge(request: ApprovalRequest): Promise<string[]> {
      const store = await filled([request]);
      const { out } = await stele(['approvals', 'show', request.id, '--store', store.name], '', columns);
      const lines = onScreen(out.replaceAll(request.id, requestId()), width);
      return lines.flatMap((line) => {
        const [, quoting] = /^(monitor|resource) {3}/.exec(line) ?? [];
        return quoting === undefined ? (line.startsWith(' ') ? [] : [line]) : [quoting];
      });
    }

    it.each<[string, string]>([
      ['spaces up to the edge', `${' '.repeat(500)}state       used`],
      ['words that fill a line', `${'x'.repeat(width)}approved by  ${'y'.repeat(300)}`],
      ['words at every column', Array.from({ length: 300 }, (_, i) => 'state'.padEnd(i % 41)).join('')],
      ['newlines', '\nstate       used\r\napproved by  all\u2028denied by    nobody\u0085tool'],
      ['what moves the cursor', '\u001b[1A\u001b[2Kstate       used\u009b2J\u0008\u0008'],
      ['text that is turned round', `\u202edesu       etats\u2066${'x'.repeat(200)}`],
      ['characters of two columns', `${'金'.repeat(200)}state       used`],
      ['characters of none', `${'e\u0301'.repeat(300)}state       used`],
      ['the mark of what goes on', `${'… '.repeat(200)}state`],
    ])('no line of what is asked looks like one of the tool: %s', async (_what, hostile) => {
      const askedAt = Date.now();
      const context = (text: string) => {
        const deep = Array.from({ length: 44 }).reduce<object>((inner) => ({ inner }), { text });
        return { args: { amount: 250, [text]: text, deep, list: [text, `"${text}`] } };
      };
      const facts = (text: string) => ({
        audience: `desk ${text}`.slice(0, 256),
        resource: `/orders/${text.replaceAll(/\p{C}/gu, '').slice(0, 1_000)}`,
        context: context(text),
      });
      const harmless = await leftEdge(requestFor(facts('7'), askedAt));
      expect(harmless.slice(0, 2)).toEqual([expect.stringMatching(/^request {5}/), expect.anything()]);
      expect(await leftEdge(requestFor(facts(hostile), askedAt))).toEqual(harmless);
    });
  });

  it('fills the lines of a terminal that does not know its size', async () => {
    const request = requestFor({ context: { args: { note: 'x'.repeat(500) } } });
    const store = await filled([request]);
    const shown = (columns?: number) =>
      stele(['approvals', 'show', request.id, '--store', store.name], '', columns);
    expect((await shown(0)).out).toBe((await shown()).out);
  });

  it('lists no request that was not made', async () => {
    const resource = `/orders/${' '.repeat(54)}${requestId()}  used`;
    const request = requestFor({ resource });
    const store = await filled([request]);
    const { out } = await stele(['approvals', 'list', '--store', store.name], '', 80);
    const ids = onScreen(out, 80).filter((line) => line.startsWith('urn:'));
    expect(ids).toEqual([expect.stringContaining(request.id.slice(0, 70))]);
  });

  it('says plainly where nothing is known of the tool', async () => {
    const request = requestFor();
    const store = await filled([request]);
    const { out } = await stele(['approvals', 'show', request.id, '--store', store.name]);
    expect(out).toMatch(/^tool {8}unknown: /m);
  });

  it('says whose signatures do not verify, and counts nobody', async () => {
    const request = requestFor();
    const store = await filled([request]);
    const approval = await signApproval(request, { verdict: 'approve', signer: ada });
    await within(store, (each) => each.approvals.sign(approval));
    // Written past the store’s own checks: another’s proof under the name of an approver.
    const stolen = { ...approval.proof[0], verificationMethod: `${ben.did}#${ben.did.slice(8)}` };
    const [file] = recordFiles(store.name, 'approvals') as [string];
    await plantProofs(store, request, [stolen]);
    expect(file).toBeDefined();
    const { json } = await approvals('show', request.id, '--store', store.name);
    expect(json).toMatchObject({ approvals: [], obligations: [{ approvedBy: [] }] });
    expect(json.unsigned).toHaveLength(1);
  });

  it.each([
    ['is not there', requestId(), 'approval_unknown'],
    ['is no id', 'urn:stele:approval:x', 'usage'],
    ['is a covenant', `urn:stele:covenant:${'0'.repeat(64)}`, 'usage'],
  ])('ends with 2 for what %s', async (_, id, wanted) => {
    const store = await filled([]);
    const { code, json } = await approvals('show', id, '--store', store.name);
    expect([code, json.error.code]).toEqual([2, wanted]);
  });
});

function requestId(): string {
  return `urn:stele:approval:${'0'.repeat(64)}`;
}

/** Puts other proofs into the record of a request, as somebody may who can write to the store. */
async function plantProofs(place: Place, request: ApprovalRequest, approval: unknown[]): Promise<void> {
  const { canonicalizeJson, sha256 } = await import('@stele/crypto');
  const { id, ...content } = request;
  const standing = canonicalizeJson({ state: 'open', approval });
  const text = `stele-record/1 ${sha256(standing)}\n${canonicalizeJson(content)}\n${standing}`;
  const next = { bytes: new TextEncoder().encode(text), tokens: [] };
  await within(place, async ({ backend }) => {
    expect(await backend.write([{ kind: 'approval', id, expected: 'present', next }])).toBe(true);
  });
}

describe('stele approvals approve refuses', () => {
  /** @returns the codes of the refusals; nothing must have been signed */
  async function refused(request: ApprovalRequest, store: Place, key = 'ada', ...more: string[]) {
    const { code, json } = await answer('approve', request, store, key, ...more);
    expect([code, json.signed]).toEqual([1, false]);
    const record = await recordOf(store, request);
    expect(record?.approval).toBeUndefined();
    return codesOf(json);
  }

  it('a key that the covenant does not name, with --host-approver too', async () => {
    const request = requestFor();
    const store = await filled([request]);
    expect(await refused(request, store, 'eve')).toEqual(['not_an_approver']);
    expect(await refused(request, store, 'eve', '--host-approver')).toEqual(['not_an_approver']);
  });

  it('a key for what is left to the host, unless it is said that the host names it', async () => {
    const obligations = [{ name: 'finance.approval', covenant: covenant.id, line: 3 }];
    const request = requestFor({ obligations });
    const store = await filled([request]);
    expect(await refused(request, store, 'eve')).toEqual(['not_an_approver']);
    const { code, json } = await answer('approve', request, store, 'eve', '--host-approver');
    expect([code, json.approvals]).toEqual([0, [eve.did]]);
    // Nobody knows here whether it counts.
    expect(json.obligations).toMatchObject([{ approvedBy: [] }]);
  });

  it('the agent itself, though the covenant names it', async () => {
    const request = requestFor();
    expect(await refused(request, await filled([request]), 'agent')).toEqual(['own_call']);
  });

  it('a covenant that is revoked', async () => {
    const request = requestFor();
    const store = await filled([request]);
    const revocation = await revokeCovenant(covenant, { reason: 'no more', signer: owner });
    await within(store, (each) => each.putRevocation(revocation));
    expect(await refused(request, store)).toEqual(['covenant_invalid']);
  });

  it('a covenant that is not in the store, unless its file is given', async () => {
    const request = requestFor();
    const store = await filled([request]);
    await within(store, (each) => each.delete(covenant.id));
    expect(await refused(request, store)).toContain('covenant_invalid');
    const other = await buildCovenant({
      beneficiary: { id: agent.did },
      constraints: RULES,
      approvers: { 'human.approval': { keys: [ada.did], threshold: 1 } },
      signer: eve,
    });
    const strange = folder.write('other.json', other);
    expect(await refused(request, store, 'ada', '--covenant', strange)).toContain('covenant_invalid');
    const claims = folder.write('claims.json', { ...other, id: covenant.id });
    expect(await refused(request, store, 'ada', '--covenant', claims)).toContain('covenant_invalid');
    const own = folder.write('covenant.json', covenant);
    expect((await answer('approve', request, store, 'ada', '--covenant', own)).code).toBe(0);
  });

  it('a covenant that is rooted in nobody who is trusted', async () => {
    const request = requestFor();
    const store = await filled([request]);
    expect(await refused(request, store, 'ada', '--trust', eve.did)).toEqual(['covenant_invalid']);
    expect((await answer('approve', request, store, 'ada', '--trust', owner.did)).code).toBe(0);
  });

  it('what has expired, and what is over', async () => {
    const old = requestFor({}, Date.now() - 2 * HOUR);
    const used = requestFor();
    const store = await filled([old, used]);
    await within(store, (each) => each.approvals.settle(used.id, 'used'));
    expect(await refused(old, store)).toEqual(['expired']);
    expect(await refused(used, store)).toEqual(['closed']);
  });

  it('to sign twice with one key', async () => {
    const request = requestFor();
    const store = await filled([request]);
    await answer('approve', request, store, 'ada');
    const again = await answer('approve', request, store, 'ada');
    expect([again.code, codesOf(again.json)]).toEqual([1, ['already_signed']]);
  });

  it('a request that was changed in the store', async () => {
    const request = requestFor();
    const store = await filled([request]);
    const [file] = recordFiles(store.name, 'approvals') as [string];
    writeFileSync(
      file,
      folder.read(file.slice(folder.path.length + 1)).replace('"amount":250', '"amount":999'),
    );
    const { code, json } = await answer('approve', request, store, 'ada');
    expect([code, json.error.code]).toEqual([2, 'record_corrupt']);
    const listed = await approvals('list', '--store', store.name);
    expect([listed.code, listed.json.unreadable]).toEqual([1, [request.id]]);
  });

  it('a key of a ring that is for another use', async () => {
    const request = requestFor();
    const store = await filled([request]);
    const ring = await folder.ring(`ring-${made++}`);
    const argv = ['approve', request.id, '--store', store.name, '--key', ring.path, '--yes'];
    const { code, json } = await approvals(...argv, ...folder.passphrase());
    expect([code, json.error.code]).toEqual([2, 'key_use_wrong']);
  });

  it('to sign what nobody has confirmed', async () => {
    const request = requestFor();
    const store = await filled([request]);
    const argv = ['approvals', 'approve', request.id, '--store', store.name, '--key', keyFile.ada as string];
    expect(await stele(argv)).toMatchObject({ code: 2 });
    const { json } = await steleJson(argv);
    expect(json.error.code).toBe('usage');
    expect((await atTerminal(argv, 'no\n')).code).toBe(2);
    expect((await recordOf(store, request))?.approval).toBeUndefined();
    const { code, out } = await atTerminal(argv, 'yes\n');
    expect([code, out.includes('signed: human.approval 1 of 2')]).toEqual([0, true]);
    expect(out).toContain(`${ada.did}, an approver of human.approval`);
  });
});

/** Runs the command where a person types, who has seen what was shown. */
async function atTerminal(argv: readonly string[], typed: string): Promise<{ code: number; out: string }> {
  let out = '';
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  const stderr = { write: (text: string) => text.endsWith('(yes/no) ') && stdin.end(typed) };
  const code = await run(argv, { stdin, stdout: { write: (text: string) => (out += text) }, stderr });
  return { code, out };
}

describe('a delegated call', () => {
  it('is judged by the whole chain: a parent that is revoked or missing refuses it', async () => {
    const parent = await buildCovenant({
      beneficiary: { id: eve.did },
      constraints: RULES,
      approvers: { 'human.approval': { keys: [ada.did, eve.did], threshold: 1 } },
      delegation: { maxDepth: 1 },
      signer: owner,
    });
    const child = await buildCovenant({
      beneficiary: { id: agent.did },
      constraints: RULES,
      parent,
      signer: eve,
    });
    const facts = {
      covenants: [parent.id, child.id],
      obligations: [{ name: 'human.approval', covenant: parent.id, line: 2 }],
    };
    const [one, two, three] = [requestFor(facts), requestFor(facts), requestFor(facts)];
    const store = await filled([one, two, three]);
    await within(store, (each) => each.putBatch([parent, child]));
    expect((await answer('approve', one, store, 'ada')).code).toBe(0);
    // The one through whom it was delegated has an interest of its own.
    expect(codesOf((await answer('approve', two, store, 'eve')).json)).toEqual(['own_call']);
    await within(store, async (each) =>
      each.putRevocation(await revokeCovenant(parent, { reason: 'no more', signer: owner })),
    );
    const { json } = await answer('approve', three, store, 'ada');
    expect(codesOf(json)).toEqual(['covenant_invalid', 'covenant_invalid']);
  });
});

describe('stele approvals list and prune', () => {
  it('list by state, agent, covenant and audience, and say when there are more', async () => {
    const [one, two] = [requestFor(), requestFor({ audience: 'other' })];
    const store = await filled([one, two]);
    await within(store, (each) => each.approvals.settle(two.id, 'denied'));
    const ids = async (...argv: string[]) => {
      const { json } = await approvals('list', '--store', store.name, ...argv);
      return json.requests.map(({ id }: { id: string }) => id).sort();
    };
    expect(await ids()).toEqual([one.id]);
    expect(await ids('--state', 'all')).toEqual([one.id, two.id].sort());
    expect(await ids('--state', 'denied')).toEqual([two.id]);
    expect(await ids('--state', 'all', '--audience', 'other')).toEqual([two.id]);
    expect(await ids('--state', 'all', '--agent', eve.did)).toEqual([]);
    expect(await ids('--covenant', covenant.id)).toEqual([one.id]);
    const cut = await approvals('list', '--store', store.name, '--state', 'all', '--limit', '1');
    expect([cut.json.requests.length, cut.json.more]).toEqual([1, true]);
    expect((await stele(['approvals', 'list', '--store', store.name, '--state', 'closed'])).code).toBe(2);
  });

  it('remove only what has long expired, and keep what was used until then', async () => {
    const [old, recent, used] = [
      requestFor({}, Date.now() - 30 * HOUR),
      requestFor({}, Date.now() - 3 * HOUR),
      requestFor(),
    ];
    const store = await filled([old, recent, used]);
    await within(store, (each) => each.approvals.settle(used.id, 'used'));
    const prune = (...argv: string[]) => approvals('prune', '--store', store.name, ...argv);
    expect((await prune()).json.error.code).toBe('not_confirmed');
    expect((await prune('--yes', '--expired-for', '30m')).json.error.code).toBe('usage');
    expect((await prune('--yes')).json).toMatchObject({ removed: 1, kept: 2 });
    expect(await recordOf(store, old)).toBeUndefined();
    expect((await prune('--yes', '--expired-for', '1h')).json).toMatchObject({ removed: 1, kept: 1 });
    expect((await recordOf(store, used))?.state).toBe('used');
  });
});

describe('stele store', () => {
  it('copies approvals into an encrypted store: what was used there or here is used there', async () => {
    const [open, used, usedThere] = [requestFor(), requestFor(), requestFor()];
    const from = await filled([open, used, usedThere]);
    await within(from, async ({ approvals: each }) => {
      for (const request of [open, used])
        await each.sign(await signApproval(request, { verdict: 'approve', signer: ada }));
      await each.settle(used.id, 'used');
    });
    const key = newKey(folder, `key-${made++}`);
    const target = folder.at(`copy-${made++}`);
    const argv = ['store', 'copy', from.name, target, '--to-encryption-key-file', key];
    expect((await steleJson(argv)).json).toMatchObject({ approvals: { copied: 3, already: 0 }, equal: true });
    const encryptionKey = (await import('node:fs')).readFileSync(key);
    const to = {
      name: target,
      open: () => new EncryptedStore({ store: new FileStore(target), encryptionKey }),
    };
    expect(await recordOf(to, used)).toEqual(await recordOf(from, used));
    await within(to, (each) => each.approvals.settle(usedThere.id, 'used'));
    await within(from, async ({ approvals: each }) => {
      await each.sign(await signApproval(open, { verdict: 'approve', signer: ben }));
      await each.settle(open.id, 'void');
    });
    const again = await steleJson(argv);
    expect(again).toMatchObject({ code: 1, json: { approvals: { copied: 1, already: 2 }, equal: false } });
    expect(again.json.findings).toEqual([{ kind: 'approval', id: usedThere.id, code: 'states_differ' }]);
    expect(await recordOf(to, open)).toEqual(await recordOf(from, open));
    expect((await recordOf(to, usedThere))?.state).toBe('used');
    const stats = await steleJson(['store', 'stats', target, '--encryption-key-file', key]);
    expect(stats.json.approvals).toEqual({ open: 0, used: 2, denied: 0, void: 1 });
  });

  it('finds approvals that were not signed, and those that cannot be read', async () => {
    const [good, forged, damaged] = [requestFor(), requestFor(), requestFor()];
    const store = await filled([good, forged, damaged]);
    await plantProofs(store, forged, [{ verificationMethod: 'x', proofValue: 'z' }]);
    await within(store, async ({ backend }) => {
      const next = { bytes: new Uint8Array([1]), tokens: [] };
      await backend.write([{ kind: 'approval', id: damaged.id, expected: 'present', next }]);
    });
    const { code, json } = await steleJson(['store', 'verify', store.name]);
    expect([code, json.good]).toEqual([1, { covenants: 1, revocations: 0, approvals: 1 }]);
    expect(json.findings).toEqual(
      expect.arrayContaining([
        { kind: 'approval', id: forged.id, code: 'approval_refused' },
        { kind: 'approval', id: damaged.id, code: 'record_corrupt' },
      ]),
    );
    const copied = await steleJson(['store', 'copy', store.name, folder.at(`copy-${made++}`)]);
    expect(copied.json).toMatchObject({ approvals: { copied: 1, failed: 1 }, equal: false });
  });
});
