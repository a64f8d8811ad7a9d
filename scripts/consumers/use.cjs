// What a newcomer does first with the packages. Every consumer (ESM, CommonJS, a browser bundle) runs this same code
// on the packages as it loaded them. `load` gives the exports of a package.
module.exports = async function use(load) {
  const assert = (condition, what) => {
    if (!condition) throw new Error(`expected: ${what}`);
  };
  const { generateKeyPair, sign, verify } = load('@stele/crypto');
  const { compile, evaluate } = load('@stele/ccl');
  const { buildCovenant, verifyCovenant } = load('@stele/core');
  const { createMonitor } = load('@stele/sdk');

  const keys = await generateKeyPair();
  const message = new TextEncoder().encode('a promise');
  const signature = await sign(message, keys.privateKey);
  assert(await verify(message, signature, keys.publicKey), 'the signature verifies');
  assert(!(await verify(new Uint8Array(9), signature, keys.publicKey)), 'another message does not verify');

  const constraints = "permit files.read on '/public/**'";
  const policy = compile(constraints);
  assert(
    evaluate(policy, { action: 'files.read', resource: '/public/a' }).permitted,
    'what is permitted is permitted',
  );
  assert(
    !evaluate(policy, { action: 'files.read', resource: '/private' }).permitted,
    'everything else is denied',
  );

  const covenant = await buildCovenant({ beneficiary: { id: keys.did }, constraints, signer: keys });
  assert((await verifyCovenant(covenant, {})).valid, 'the covenant verifies');
  const monitor = await createMonitor({ covenant });
  assert(
    (await monitor.check({ action: 'files.read', resource: '/public/a' })).permitted,
    'the monitor permits',
  );
  assert(
    !(await monitor.check({ action: 'files.write', resource: '/public/a' })).permitted,
    'the monitor denies',
  );
};
