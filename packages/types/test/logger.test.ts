import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { buildSync } from 'esbuild';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogger, type LoggerOptions, type LogLevel } from '../src/index.js';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** A logger that writes into an array; `lines()` parses what was written, one JSON object a line. */
function recorder(options: Omit<LoggerOptions, 'destination'> = {}) {
  const chunks: string[] = [];
  const logger = createLogger({ ...options, destination: { write: (line) => chunks.push(line) } });
  const lines = () =>
    chunks
      .join('')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger, chunks, lines };
}

/** The fields of the one line that logging `fields` gives, without the line's own. */
function logged(fields: unknown): Record<string, unknown> {
  const { logger, lines } = recorder();
  logger.info('m', fields as object);
  expect(lines()).toHaveLength(1);
  const { level, time, msg, ...rest } = lines()[0] as Record<string, unknown>;
  expect({ level, msg, time: typeof time }).toEqual({ level: 30, msg: 'm', time: 'number' });
  return rest;
}

describe('createLogger', () => {
  it('works as the deployment guide writes it', () => {
    const logger = createLogger({
      level: process.env.NODE_ENV === 'production' ? 'warn' : 'debug',
      prefix: 'stele',
    });
    expect(logger.level).toBe('debug');
  });

  it('takes the message first, then fields, and writes the prefix as name', () => {
    const { logger, lines } = recorder({ prefix: 'stele' });
    logger.info('Key rotated', { oldKey: 'ab', newKey: 'cd' });
    expect(lines()).toEqual([
      { level: 30, time: expect.any(Number), name: 'stele', oldKey: 'ab', newKey: 'cd', msg: 'Key rotated' },
    ]);
  });

  it('writes its own level and those after it', () => {
    for (const level of [...LEVELS, 'silent'] as LogLevel[]) {
      const { logger, lines } = recorder({ level });
      for (const each of LEVELS) logger[each](each);
      const expected = LEVELS.filter((_, i) => level !== 'silent' && i >= LEVELS.indexOf(level));
      expect(lines().map((line) => line.msg)).toEqual(expected);
      expect(LEVELS.filter((each) => logger.isLevelEnabled(each))).toEqual(expected);
      expect(logger.isLevelEnabled('silent')).toBe(false);
    }
  });

  it.each(['verbose', 'INFO', '', 'constructor', 30, null])('refuses the level %j', (level) => {
    expect(() => createLogger({ level: level as LogLevel })).toThrow(RangeError);
  });

  it('refuses a wrong prefix or destination', () => {
    expect(() => createLogger({ prefix: 7 as unknown as string })).toThrow(TypeError);
    expect(() => createLogger({ destination: {} as never })).toThrow(TypeError);
    expect(() => createLogger({ destination: null as never })).toThrow(TypeError);
    expect(() => createLogger({ trace: 'id' as never })).toThrow(TypeError);
  });

  it('repeats the bindings of a child, which later changes and the parent do not see', () => {
    const { logger, lines } = recorder();
    const bindings = { request: { id: 1 }, token: 't' };
    const child = logger.child(bindings).child({ step: 2 });
    bindings.request.id = 9;
    child.warn('a', { step: 3 });
    logger.warn('b');
    expect(lines()).toMatchObject([
      { request: { id: 1 }, token: '[redacted]', step: 3, msg: 'a' },
      { msg: 'b' },
    ]);
    expect(lines()[1]).not.toHaveProperty('request');
  });

  it('does not fail when its destination does', () => {
    const logger = createLogger({
      destination: {
        write() {
          throw new Error('disk full');
        },
      },
    });
    expect(() => logger.error('lost')).not.toThrow();
  });

  it('writes to standard output unless told otherwise', () => {
    const built = fileURLToPath(new URL('../dist/index.js', import.meta.url));
    const program = `import { createLogger } from ${JSON.stringify(built)}; createLogger().info('hello', { n: 1 });`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ msg: 'hello', n: 1 });
  });
});

describe('trace ids', () => {
  const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
  const written = { trace_id: ids.traceId, span_id: ids.spanId };

  it('are those of the span that is active at the line, in a child too', () => {
    let active: typeof ids | undefined;
    const { logger, lines } = recorder({ trace: () => active });
    logger.info('before');
    active = ids;
    logger.child({ step: 1 }).info('inside', { n: 2 });
    expect(lines()[0]).not.toHaveProperty('trace_id');
    expect(lines()[1]).toMatchObject({ ...written, step: 1, n: 2, msg: 'inside' });
  });

  it('cannot be set by what is logged', () => {
    const { logger, chunks, lines } = recorder({ trace: () => ids });
    logger.child({ trace_id: 'forged' }).info('m', { span_id: 'forged' });
    expect(lines()).toMatchObject([{ ...written, trace_id_: 'forged', span_id_: 'forged' }]);
    expect(chunks[0]?.match(/"trace_id"/g)).toHaveLength(1);
  });

  it('are an ordinary field where no span is asked for', () => {
    expect(logged(written)).toEqual(written);
  });

  it.each([
    () => undefined,
    () => null,
    () => 7,
    () => ({}),
    () => ({ ...ids, traceId: ids.traceId.toUpperCase() }),
    () => ({ ...ids, traceId: '0'.repeat(32) }),
    () => ({ ...ids, spanId: `${ids.spanId}\n` }),
    () => ({ ...ids, spanId: 7 }),
    () => {
      throw new Error('no span');
    },
  ])('are left out where there are none: %s', (trace) => {
    const { logger, lines } = recorder({ trace: trace as never });
    logger.info('m');
    expect(lines()).toEqual([{ level: 30, time: expect.any(Number), msg: 'm' }]);
  });
});

describe('secrets', () => {
  it.each([
    'privateKey',
    'private_key',
    'PRIVATE-KEY',
    'clientSecret',
    'token',
    'accessToken',
    'password',
    'DB_PASSWORD',
    'passphrase',
    'authorization',
    'Proxy-Authorization',
    'cookie',
    'set-cookie',
    'apiKey',
    'x-api-key',
    'encryptionKey',
    'signingKey',
    'credentials',
    'mnemonic',
    'jwt',
    'accessKey',
    'SharedKey',
    'connection_string',
    'bearer',
    'seed',
    'PIN',
  ])('redacts %s at any depth, whatever it holds', (name) => {
    for (const value of ['s3cret', 42, { inner: 's3cret' }, ['s3cret'], new Uint8Array(4), 5n]) {
      expect(logged({ [name]: value })).toEqual({ [name]: '[redacted]' });
      expect(logged({ a: [{ b: { [name]: value } }] })).toEqual({ a: [{ b: { [name]: '[redacted]' } }] });
    }
  });

  it('keeps what is no secret', () => {
    const fields = {
      publicKeyHex: 'ab',
      oldKey: 'cd',
      key: 'did:key:z6Mk',
      maxTokens: 512,
      inputTokens: 3,
      token: null,
      hasPassword: true,
      seeds: 'poppy',
      spinning: 'x',
    };
    expect(logged(fields)).toEqual(fields);
  });

  it('redacts text that is a secret by its shape', () => {
    const pem = '-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----';
    expect(logged({ a: pem, b: 'Bearer abc', c: 'basic abc', d: 'bearer of news' })).toEqual({
      a: '[redacted]',
      b: '[redacted]',
      c: '[redacted]',
      d: '[redacted]',
    });
    expect(logged({ a: 'basically', b: 'public key' })).toEqual({ a: 'basically', b: 'public key' });
  });

  const PEM = '-----BEGIN EC PRIVATE KEY-----\nMC4C\n-----END EC PRIVATE KEY-----';
  const JWT = `eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZ2VudCJ9.${'x'.repeat(40)}`;

  it.each([
    [`login with Bearer abc123def456 failed`, 'login with [redacted] failed'],
    [`Authorization: basic dXNlcjpwYXNz=, next`, 'Authorization: [redacted], next'],
    [`got ${JWT}; refused`, 'got [redacted]; refused'],
    ['postgres://app:hunter2@db:5432/x', 'postgres://app:[redacted]@db:5432/x'],
    ['redis://:hunter2@cache and more', 'redis://:[redacted]@cache and more'],
    [`ghp_${'a1'.repeat(18)} in the log`, '[redacted] in the log'],
    [`OPENAI=sk-${'Ab3_'.repeat(10)}.`, 'OPENAI=[redacted].'],
    ['id AKIAIOSFODNN7EXAMPLE.', 'id [redacted].'],
  ])('takes them out of a sentence: %s', (text, shown) => {
    const { logger, lines } = recorder();
    logger.info(text, { text, error: new Error(text) });
    expect(lines()).toMatchObject([{ msg: shown, text: shown, error: { message: shown } }]);
    expect(JSON.stringify(lines())).not.toMatch(/hunter2|MC4C|eyJ|abc123|dXNl/);
  });

  it('takes a private key out of a message, whole or not', () => {
    const { logger, lines } = recorder();
    logger.info(`key ${PEM} is bad`);
    logger.info(`key ${PEM.slice(0, 40)}`, { text: `key ${PEM} is bad` });
    expect(lines().map(({ msg }) => msg)).toEqual(['key [redacted] is bad', 'key [redacted]']);
    expect(lines()[1]).toMatchObject({ text: '[redacted]' });
  });

  it.each([
    'the basic authentication is off',
    'the bearer authenticated',
    'http://localhost:8080/a@b',
    'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK',
    `urn:stele:covenant:${'0a'.repeat(32)}`,
    'eyJ is how a token begins',
    'sk-short and npm_install',
    'task-force-of-the-whole-organisation',
  ])('leaves other text alone: %s', (text) => {
    const { logger, lines } = recorder();
    logger.info(text, { text });
    expect(lines()).toMatchObject([{ msg: text, text }]);
  });

  it('leaves no half of one where a text is cut', () => {
    for (const secret of [JWT, PEM, `Bearer ${'a1'.repeat(40)}`, `ghp_${'a1'.repeat(40)}`]) {
      for (let before = 4_000; before < 4_100; before += 7) {
        const text = `${'y'.repeat(before)} ${secret}${'z'.repeat(100_000)}`;
        const { logger, chunks } = recorder();
        logger.info(text, { text });
        expect(chunks.join('')).not.toMatch(/eyJ|MC4C|a1a1|BEGIN/);
      }
    }
  });

  it('finds them in time that grows with the text', () => {
    const { logger, lines } = recorder();
    const pieces = [
      'eyJ',
      '-eyJ',
      'sk-',
      '-----BEGIN PRIVATE KEY-----',
      '://a:',
      '://',
      'bearer ',
      'A',
      'basic  ',
    ];
    for (const piece of pieces) {
      const text = piece.repeat(100_000);
      for (let i = 0; i < 20; i++) logger.info(text, { text });
    }
    expect(lines()).toHaveLength(20 * pieces.length);
  });

  it('redacts the private number of a JSON Web Key, and no other d', () => {
    expect(logged({ jwk: { kty: 'OKP', crv: 'Ed25519', x: 'X', d: 'D' }, d: 1 })).toEqual({
      jwk: { kty: 'OKP', crv: 'Ed25519', x: 'X', d: '[redacted]' },
      d: 1,
    });
  });

  it('writes bytes as their number', () => {
    const bytes = new Uint8Array([7, 7, 7]);
    const fields = {
      a: bytes,
      b: Buffer.from(bytes),
      c: bytes.buffer,
      d: new DataView(bytes.buffer),
      e: [bytes],
    };
    expect(logged(fields)).toEqual({
      a: '[3 bytes]',
      b: '[3 bytes]',
      c: '[3 bytes]',
      d: '[3 bytes]',
      e: ['[3 bytes]'],
    });
  });
});

describe('hostile values', () => {
  const fail = () => {
    throw new Error('trap');
  };

  it('runs no getter and no toJSON, and survives proxies', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const fields = {
      get a() {
        return fail();
      },
      b: { toJSON: fail },
      c: new Proxy({}, { ownKeys: fail }),
      d: new Proxy([], { get: fail }),
      e: proxy,
      f: { toString: fail, valueOf: fail, [Symbol.toPrimitive]: fail },
    };
    expect(logged(fields)).toEqual({
      a: '[accessor]',
      b: { toJSON: '[function]' },
      c: '[unreadable]',
      d: '[unreadable]',
      e: '[unreadable]',
      f: { toString: '[function]', valueOf: '[function]' },
    });
    expect(logged(proxy)).toEqual({ value: '[unreadable]' });
  });

  it('writes cycles, BigInt, symbols, dates, maps, holes and NaN as something', () => {
    const cycle: Record<string, unknown> = { n: 1 };
    cycle.self = cycle;
    const twice = { x: 1 };
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
    const array = [1, , 3];
    expect(
      logged({ cycle, b: 1n, big: 10n ** 50n, s: Symbol('x'), date: new Date(0), bad: new Date(Number.NaN) }),
    ).toEqual({
      cycle: { n: 1, self: '[circular]' },
      b: '1',
      big: '[bigint]',
      s: '[symbol]',
      date: '1970-01-01T00:00:00.000Z',
      bad: '[invalid date]',
    });
    expect(
      logged({
        array,
        map: new Map([[1, 2]]),
        set: new Set(),
        nan: Number.NaN,
        inf: -Infinity,
        twice: [twice, twice],
      }),
    ).toEqual({
      array: [1, null, 3],
      map: '[Map of 1]',
      set: '[Set of 0]',
      nan: 'NaN',
      inf: '-Infinity',
      twice: [{ x: 1 }, { x: 1 }],
    });
  });

  it('cannot set what belongs to the line', () => {
    expect(logged({ level: 60, time: 0, name: 'root', msg: 'forged' })).toEqual({
      level_: 60,
      time_: 0,
      name_: 'root',
      msg_: 'forged',
    });
  });

  it('keeps fields that pino would take for a raw HTTP request or an error', () => {
    const fields = {
      method: 'GET',
      headers: { host: 'h' },
      socket: { a: 1 },
      err: { message: 'm', code: 'c' },
    };
    expect(logged(fields)).toEqual(fields);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('takes a field named %s', (name) => {
    const fields = Object.defineProperty({}, name, { value: { polluted: true }, enumerable: true });
    expect(logged({ inner: fields })).toEqual({
      inner: { [name === '__proto__' ? '__proto___' : name]: { polluted: true } },
    });
    expect(logged(fields)).toHaveProperty([name === '__proto__' ? '__proto___' : name]);
    expect({}).not.toHaveProperty('polluted');
  });

  it('writes an error in the place of the fields or in one', () => {
    const error = Object.assign(new RangeError('x\ny', { cause: new Error('z') }), {
      code: 'c',
      secret: 's',
    });
    const expected = {
      type: 'RangeError',
      message: 'x\ny',
      code: 'c',
      secret: '[redacted]',
      stack: expect.any(String),
      cause: { type: 'Error' },
    };
    expect(logged(error)).toMatchObject({ err: expected });
    expect(logged({ reason: error })).toMatchObject({ reason: expected });
    expect(logged(Object.defineProperty(new Error('x'), 'message', { get: fail }))).toEqual({
      err: '[unreadable]',
    });
  });

  it('takes fields or a message that are no objects or no text', () => {
    for (const value of ['text', 7, null]) expect(logged(value)).toEqual({ value });
    expect(logged(undefined)).toEqual({});
    expect(logged([1])).toEqual({ value: [1] });
    const { logger, lines } = recorder();
    logger.info({ a: 1 } as unknown as string);
    logger.info('100 %s %d %j', { a: 1 });
    expect(lines().map((line) => line.msg)).toEqual(['[the message is not a string]', '100 %s %d %j']);
  });

  it('is bounded in depth, breadth and length', () => {
    let deep: unknown = 'end';
    for (let i = 0; i < 100_000; i++) deep = { deep };
    const fields = {
      deep,
      wide: Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`k${i}`, i])),
      long: 'x'.repeat(1_000_000),
      list: Array.from({ length: 1_000_000 }, () => ({ a: { b: 1 } })),
      ['n'.repeat(100_000)]: 1,
    };
    const { logger, chunks } = recorder();
    logger.info('y'.repeat(1_000_000), fields);
    expect(chunks.join('').length).toBeLessThan(40_000);
    logger.info('m', {
      a: Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => '\u0000'.repeat(4_096))),
    });
    expect(chunks[1]?.length).toBeLessThan(6 * 65_536 + 20_000);
  });

  it('leaves no control character for a terminal or a viewer to obey', () => {
    const text = 'a\u001b[2J\n\r\u007f\u009b\u2028\u2029\u202e\u2066\u200fb';
    const { logger, chunks, lines } = recorder({ prefix: text });
    logger.info(text, { [text]: text });
    expect(chunks.join('')).toMatch(/^[\x20-\x7e]*\n$/);
    expect(lines()).toEqual([{ level: 30, time: expect.any(Number), name: text, [text]: text, msg: text }]);
  });

  it('writes any JSON as one line that reads back as the same JSON', () => {
    const { logger, chunks } = recorder();
    const json = fc
      .jsonValue({ maxDepth: 3, stringUnit: 'binary' })
      .map((value) => JSON.parse(JSON.stringify(value)) as unknown) // no -0
      .filter((value) => !JSON.stringify(value).includes('__proto__'));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), json, (msg, data) => {
        chunks.length = 0;
        logger.info(msg, { data });
        expect(chunks).toHaveLength(1);
        expect(chunks[0]?.indexOf('\n')).toBe((chunks[0]?.length ?? 0) - 1);
        expect(JSON.parse(chunks[0] as string)).toEqual({ level: 30, time: expect.any(Number), data, msg });
      }),
    );
  });

  it('never throws and never writes more than one line, whatever it is given', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withTypedArray: true,
      withSparseArray: true,
    });
    const { logger, chunks } = recorder();
    fc.assert(
      fc.property(anything, anything, (message, fields) => {
        chunks.length = 0;
        logger.child(fields as object).info(message as string, fields as object);
        expect(chunks).toHaveLength(1);
        expect(JSON.parse(chunks[0] as string)).toMatchObject({ level: 30 });
      }),
    );
  });
});

describe('in a browser', () => {
  const { outputFiles, metafile } = buildSync({
    stdin: {
      contents: `export * from './src/index.ts'`,
      resolveDir: fileURLToPath(new URL('..', import.meta.url)),
    },
    bundle: true,
    write: false,
    metafile: true,
    platform: 'browser',
    conditions: ['browser', 'worker'],
    format: 'iife',
    globalName: 'stele',
  });
  const load = (globals: object) =>
    runInNewContext(`${outputFiles[0]?.text}; stele`, globals) as typeof import('../src/index.js');

  it('needs nothing of Node', () => {
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
    expect(imports).toEqual([]);
  });

  it('writes the same lines to a destination', () => {
    const chunks: string[] = [];
    const logger = load({}).createLogger({
      prefix: 'p',
      destination: { write: (line) => chunks.push(line) },
    });
    logger.child({ a: 1 }).warn('careful\u2028', { token: 't', level: 1, method: 'GET' });
    logger.debug('hidden');
    expect(chunks).toHaveLength(1);
    expect(chunks[0]).toMatch(/^[\x20-\x7e]*\n$/);
    expect(JSON.parse(chunks[0] as string)).toEqual({
      level: 40,
      time: expect.any(Number),
      name: 'p',
      a: 1,
      token: '[redacted]',
      level_: 1,
      method: 'GET',
      msg: 'careful\u2028',
    });
  });

  it('writes to the console without one', () => {
    const calls: unknown[][] = [];
    const collect = (...args: unknown[]) => void calls.push(args);
    load({ console: { info: collect, log: collect, error: collect } })
      .createLogger()
      .info('hello', { n: 1 });
    expect(calls).toMatchObject([[{ level: 30, n: 1, msg: 'hello' }]]);
  });

  it('refuses an unknown level there too', () => {
    expect(() => load({}).createLogger({ level: 'loud' as LogLevel })).toThrow(
      expect.objectContaining({ name: 'RangeError' }),
    );
  });
});
