import { beforeEach, describe, expect, it } from 'vitest';
import { documentDigest, EvidenceKeeper, MemoryKeyRing } from '../../src/index.js';
import { type Cast, cast, HOUR, NOW } from '../support.js';
import { Scene } from './support.js';

let s: Scene;
let c: Cast;
beforeEach(async () => {
  s = await Scene.make();
  c = await cast();
});

describe('EvidenceKeeper', () => {
  const query = (document: object, at = NOW + HOUR) => ({
    digest: documentDigest(document),
    publicKeyHex: s.issuer.publicKeyHex,
    retiredAt: new Date(at),
  });

  it('remembers when it first saw a document, over a restart', async () => {
    const ring = new MemoryKeyRing();
    const evidence = new EvidenceKeeper({ ring, clock: s.clock.read });
    const document = await c.covenant('permit a on /');
    expect(await evidence.find(query(document))).toBeUndefined();
    await evidence.record([document]);
    s.clock.advance(HOUR);
    await evidence.record([document, { another: 'one' }]);
    for (const each of [evidence, new EvidenceKeeper({ ring, clock: s.clock.read })]) {
      expect(await each.find(query(document))).toEqual({ kind: 'record', at: new Date(NOW) });
      expect(await each.find(query({ another: 'one' }))).toEqual({
        kind: 'record',
        at: new Date(NOW + HOUR),
      });
    }
    // The same promise with other proofs is another document.
    expect(await evidence.find(query({ ...document, proof: [] }))).toBeUndefined();
  });

  it('is bounded, and forgets nothing to make room', async () => {
    const evidence = new EvidenceKeeper({ ring: new MemoryKeyRing(), maxRecords: 2 });
    await evidence.record([{ n: 1 }, { n: 2 }]);
    await expect(evidence.record([{ n: 3 }])).rejects.toMatchObject({ code: 'keeper_full' });
    await evidence.record([{ n: 1 }]);
    expect(await evidence.find(query({ n: 1 }))).toBeDefined();
    for (const maxRecords of [0, 1.5, 100_001])
      expect(() => new EvidenceKeeper({ ring: new MemoryKeyRing(), maxRecords })).toThrow(RangeError);
  });

  it('dates nothing before what it has recorded, when the clock is set back', async () => {
    const [ring, clock] = [new MemoryKeyRing(), s.clock.read];
    await new EvidenceKeeper({ ring, clock }).record([{ n: 1 }]);
    s.clock.advance(-24 * HOUR);
    const evidence = new EvidenceKeeper({ ring, clock });
    await evidence.record([{ n: 2 }]);
    expect(await evidence.find(query({ n: 2 }))).toEqual({ kind: 'record', at: new Date(NOW) });
    s.clock.advance(25 * HOUR);
    await evidence.record([{ n: 3 }]);
    expect((await evidence.find(query({ n: 3 })))?.at).toEqual(new Date(NOW + HOUR));
  });

  it('records no time that is none', async () => {
    const evidence = new EvidenceKeeper({ ring: new MemoryKeyRing(), clock: () => Number.NaN });
    await expect(evidence.record([{}])).rejects.toMatchObject({ code: 'keeper_unavailable' });
  });
});
