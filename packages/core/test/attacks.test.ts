import { compile } from '@stele/ccl';
import { describe, expect, it } from 'vitest';
import {
  buildCovenant,
  type CovenantDocument,
  isVerifiedCovenant,
  type RevocationDocument,
  revokeCovenant,
  type VerifyOptions,
  verifyCovenant,
} from '../src/index.js';
import { policyOf } from '../src/lib/policies.js';
import { at, failed, family, HOUR, keys, NOW } from './support.js';

describe('a verified covenant cannot be forged', () => {
  it('does not lead to what makes one', async () => {
    const { owner, root } = await family();
    const { covenant } = await verifyCovenant(root, { now: NOW, trust: [owner.did] });
    const Made = (covenant as unknown as { constructor: new (...parts: unknown[]) => object }).constructor;
    const policy = compile('permit ** on **');
    const document = { ...root, constraints: 'permit ** on **' };
    const link = { document, policy };
    const forged = new Made(document, { links: [link], settled: new Map(), chain: [link] });
    expect(isVerifiedCovenant(forged)).toBe(false);
    expect(isVerifiedCovenant(Object.create(covenant as object))).toBe(false);
    expect(isVerifiedCovenant(new Proxy(covenant as object, {}))).toBe(false);
  });

  it('shares nothing that can be changed with others', async () => {
    const { root } = await family();
    const { covenant } = await verifyCovenant(root, { now: NOW });
    expect(Object.isFrozen(Object.getPrototypeOf(covenant))).toBe(true);
  });
});

describe('options of the wrong type are refused, not guessed at', () => {
  const wrong = (options: object) =>
    family().then(({ root }) => verifyCovenant(root, { now: at(48 * HOUR), ...options } as VerifyOptions));

  it('a skew that is text would be appended to the end of the covenant', async () => {
    for (const clockSkewMs of ['60000', '0', [60_000], true, Number.NaN, -1, Number.POSITIVE_INFINITY])
      await expect(wrong({ clockSkewMs })).rejects.toThrow(RangeError);
  });

  it('trust and countersigners are arrays', async () => {
    for (const value of ['did:key:z6Mk', new Set(), {}, null, 1]) {
      await expect(wrong({ trust: value })).rejects.toThrow(TypeError);
      await expect(wrong({ countersigners: value })).rejects.toThrow(TypeError);
    }
  });
});

describe('a lookup that throws what cannot be read fails its check', () => {
  const hostile: unknown[] = [
    Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error('read');
      },
    }),
    Object.assign(new Error('x'), { message: Symbol('x') }),
    new Proxy(
      {},
      {
        getPrototypeOf: () => {
          throw new Error('trapped');
        },
      },
    ),
    undefined,
    null,
  ];
  const throwing = (thrown: unknown) => () => {
    throw thrown;
  };

  it.each(hostile.map((thrown, i) => [i, thrown]))('%i', async (_, thrown) => {
    const { root, child } = await family();
    const found = await verifyCovenant(child, { now: NOW, resolve: throwing(thrown) });
    expect(failed(found)).toContain('chain');
    expect(failed(await verifyCovenant(root, { now: NOW, revocations: throwing(thrown) }))).toEqual([
      'not_revoked',
    ]);
    expect(failed(await verifyCovenant(root, { now: NOW, keyStatus: throwing(thrown) }))).toEqual([
      'key_status',
    ]);
  });
});

describe('a flood of revocations', () => {
  it('by parties without the right neither revokes nor hides the one that counts', async () => {
    const { owner, root } = await family();
    const [stranger] = await keys(1);
    const worthless = await revokeCovenant(root, { reason: 'x', signer: stranger as typeof owner, now: NOW });
    const changed: RevocationDocument = { ...worthless, reason: 'y' };
    const genuine = await revokeCovenant(root, { reason: 'x', signer: owner, now: NOW });
    const flood = Array.from({ length: 300 }, (_, i) => (i % 2 === 0 ? worthless : changed));
    const revoked = (list: unknown[]) => verifyCovenant(root, { now: NOW, revocations: () => list });
    const ignoring = await revoked(flood);
    expect(ignoring.valid).toBe(true);
    expect(ignoring.checks.find(({ name }) => name === 'not_revoked')?.message).toContain('300');
    expect(failed(await revoked([...flood, genuine]))).toEqual(['not_revoked']);
    const damaged = await revoked([...flood, { ...genuine, reason: 'y' }]);
    expect(damaged.checks.find(({ name }) => name === 'not_revoked')).toMatchObject({
      passed: false,
      code: 'revocation_unknown',
    });
  });
});

describe('compiled rules', () => {
  it('are kept by their exact text, and not at all where patterns make them large', () => {
    const plain = 'permit a on **';
    expect(policyOf(plain)).toBe(policyOf(plain));
    expect(policyOf(`${plain} `)).not.toBe(policyOf(plain));
    const pattern = 'permit a on ** when args.x matches ".{1000}"';
    expect(policyOf(pattern)).not.toBe(policyOf(pattern));
  });
});

describe('a hostile parent', () => {
  it('is the one that the id names, or none', async () => {
    const { owner, manager, root, child } = await family();
    const wider = await buildCovenant({
      beneficiary: { id: manager.did },
      constraints: 'permit ** on **',
      delegation: { maxDepth: 3 },
      signer: owner,
      now: NOW,
    });
    const answers: unknown[] = [
      wider,
      { ...wider, id: root.id },
      [root],
      JSON.stringify(root),
      { toJSON: () => root },
      Object.create(root),
      child,
    ];
    for (const answer of answers) {
      const found = await verifyCovenant(child, {
        now: NOW,
        trust: [owner.did],
        resolve: () => answer as CovenantDocument,
      });
      expect(failed(found)).toContain('chain');
    }
  });
});
