import { checkNarrowing, compile, evaluate } from '@stele/ccl';
import { percentile, perSecond, share, within } from '../lib/bars.mjs';
import { editedPair } from '../lib/documents.mjs';
import { agentGovernance, casl, cedar } from '../lib/peers.mjs';
import { requestFor, rules } from '../lib/samples.mjs';

export const title = 'CCL';

const HOT = 64;
const REQUESTS = 5_000;
const TWENTY = '20 statements, the match last';
const PLAIN = 'a plain one';

export async function* tables({ smoke }) {
  const many = smoke ? 500 : 10_000;
  const shown = many.toLocaleString('en-US');
  const twenty = evaluator(rules(20), () => requestFor(19));

  for (const [count, bar] of [
    [20, perSecond(1_200_000)],
    [200, percentile('p99', 5)],
  ]) {
    yield {
      title: `Decide a request, ${count} statements`,
      note: 'Rules with globs and conditions, of which the last matches. CASL and the agent-governance-sdk have no patterns: their rules name action and kind or project exactly.',
      percentiles: true,
      candidates: [
        { name: 'evaluate', run: evaluator(rules(count), () => requestFor(count - 1)), bar },
        { name: 'CASL, rules for as many actions', run: casl(count, (i) => `t${i}`) },
        { name: 'CASL, rules for one action', run: casl(count, () => 't') },
        { name: 'agent-governance-sdk, rich rules', run: agentGovernance(count) },
        { name: 'Cedar (WASM), policies parsed before', run: cedar(count) },
      ],
    };
  }
  yield {
    title: 'Decide a request, more statements',
    note: `${REQUESTS.toLocaleString('en-US')} distinct requests over ${HOT} of the statements, or over all of them. No decision and no action is kept from one request to the next.`,
    candidates: [
      { name: TWENTY, run: twenty },
      {
        name: '200 statements, 64 of them asked for',
        run: evaluator(rules(200), spread(200, HOT)),
        bar: share(0.7, TWENTY),
      },
      {
        name: `${shown} statements, 64 of them asked for`,
        run: evaluator(rules(many), spread(many, HOT)),
        bar: share(0.4, TWENTY),
      },
      {
        name: `${shown} statements, all asked for`,
        run: evaluator(rules(many), spread(many, many)),
        bar: share(0.1, TWENTY),
      },
      {
        name: `${shown} statements on one action`,
        run: evaluator(
          lines(many, (i) => `permit files.read on '/projects/p${i}/**' when args.amount <= ${1000 + i}`),
          (i) => ({ ...requestFor((i * 7919) % many, i), action: 'files.read' }),
        ),
        bar: share(0.3, TWENTY),
      },
      {
        name: `${shown} statements on ${(many / 2).toLocaleString('en-US')} actions, all asked for`,
        run: evaluator(
          lines(
            many,
            (i) => `permit tools.t${i % (many / 2)}.run on '/projects/p${i}/**' when args.amount <= 1000`,
          ),
          (i) => requestFor((i * 7919) % (many / 2), i),
        ),
      },
    ],
  };
  yield {
    title: 'Decide a request, wildcards first',
    note: `${shown} statements that only differ after their first wildcard, all asked for.`,
    candidates: [
      { name: TWENTY, run: twenty },
      ...wildcards().map(([pattern, line, request]) => ({
        name: pattern,
        run: evaluator(lines(many, line), (i) => request((i * 7919) % many)),
      })),
    ],
  };
  yield {
    title: 'Deny a request, 200 statements',
    candidates: [
      { name: 'evaluate, permitted', run: evaluator(rules(200), () => requestFor(199)) },
      {
        name: 'no rule matches',
        run: evaluator(rules(200), (i) => ({ ...requestFor(0, i), action: 'a.b' }), 'no_matching_permit'),
      },
      { name: 'a deny matches', run: evaluator(rules(200), (i) => requestFor(3, i), 'denied_by_rule') },
      {
        name: 'malformed',
        run: evaluator(
          rules(200),
          (i) => ({ ...requestFor(0), resource: `/a/../${i}` }),
          'malformed_request',
        ),
      },
    ],
  };
  yield* hardInput();
  const text = rules(200);
  yield {
    title: 'Compile',
    candidates: [{ name: '200 statements', run: () => compile(text), bar: within(2_000) }],
  };
  yield {
    title: 'Prove that a document only narrows another',
    note: 'Parent and child differ in order, the child has tighter conditions throughout; or it is wider in one statement, and the answer is a counterexample.',
    percentiles: true,
    candidates: [
      {
        name: 'two of 50 statements',
        run: narrowing(50, (i) => 900 + i, true),
        bar: percentile('p99', 10_000),
      },
      {
        name: 'two of 50 statements, one wider',
        run: narrowing(50, (i) => (i === 25 ? 5000 : 900 + i), false),
      },
      {
        name: '100 pairs of 50 mixed statements',
        run: editedPairs(50, smoke ? 4 : 100),
        bar: percentile('p99', 10_000),
      },
    ],
  };
  yield {
    title: 'The same for long documents',
    rounds: 5,
    candidates: [
      {
        name: 'two of 200 statements',
        run: narrowing(smoke ? 50 : 200, (i) => 900 + i, true),
        operations: 1,
        bar: within(1_000_000),
      },
      {
        name: '10 pairs of 200 mixed statements',
        run: editedPairs(smoke ? 50 : 200, smoke ? 2 : 10),
        operations: 1,
        bar: within(1_000_000),
      },
    ],
  };
}

/** Input that means to take long, beside plain input of its length: ten times as long is the most. */
function* hardInput() {
  const long = (i) => ({ action: 'a', resource: `/${'a/'.repeat(2044)}${i}` });
  const hard = (pattern) => evaluator(`permit a on '${pattern}'`, long, 'no_matching_permit');
  yield {
    title: 'Decide a request that means to take long',
    note: 'A resource of 4,096 characters in 2,045 segments, or in one.',
    candidates: besidePlain([
      { name: PLAIN, run: hard(`${'a/'.repeat(2044)}b`) },
      { name: '1,000 `**`, then `b`', run: hard(`${'**/'.repeat(1000)}b`) },
      { name: '`**/a` 800 times, then `b`', run: hard(`${'**/a/'.repeat(800)}b`) },
      { name: '`**/*a*` 500 times, then `b`', run: hard(`${'**/*a*/'.repeat(500)}b`) },
      {
        name: '`**/a/**/b` in 10,000 statements',
        run: evaluator(
          lines(10_000, () => "permit a on '**/a/**/b'"),
          long,
          'no_matching_permit',
        ),
      },
      {
        name: '`*a` 2,000 times, then `b`, in one segment',
        run: evaluator(
          `permit a on '${'*a'.repeat(2000)}b'`,
          () => ({ action: 'a', resource: 'a'.repeat(4096) }),
          'no_matching_permit',
        ),
      },
    ]),
  };
  const text = { action: 'a', resource: '/x', context: { s: `${'a'.repeat(10_000)}!` } };
  const regex = (pattern) =>
    evaluator(`permit a on /x when s matches '${pattern}'`, () => text, 'no_matching_permit');
  yield {
    title: 'Decide by a regular expression that means to explode',
    note: 'A text of 10,001 characters, on which the first of them fails like the others, at its end.',
    candidates: besidePlain([
      { name: PLAIN, run: regex('^a+$') },
      { name: '(a+)+', run: regex('^(a+)+$') },
      { name: '(a|a)*', run: regex('^(a|a)*$') },
      { name: '(a*)*b', run: regex('^(a*)*b$') },
    ]),
  };
  const refused = (source) => () => {
    try {
      return compile(source);
    } catch (error) {
      return error;
    }
  };
  const condition = (depth) => `permit a on /x when ${'('.repeat(depth)}n = 1${')'.repeat(depth)}`;
  yield {
    title: 'Read a text that means to take long',
    note: 'Texts of 20,000 characters.',
    candidates: besidePlain([
      { name: PLAIN, run: refused(lines(1_300, () => 'permit a on /x')) },
      { name: '10,000 parentheses, refused', run: refused(condition(10_000)) },
      { name: '5,000 `not`, refused', run: refused(`permit a on /x when ${'not '.repeat(5_000)}n = 1`) },
      { name: '64 parentheses 130 times', run: refused(lines(130, () => condition(64))) },
    ]),
  };
}

/** The first is the plain one. */
const besidePlain = ([plain, ...hard]) => [
  plain,
  ...hard.map((one) => ({ ...one, bar: share(0.1, plain.name) })),
];

/** Patterns, a statement with each of them, and the request that the statement matches. */
function wildcards() {
  const on = (action, resource) => ({ action, resource, context: {} });
  return [
    ['`*.x123` on `**`', (i) => `permit *.x${i} on **`, (i) => on(`t.x${i}`, '/a/b')],
    ['`/**/leaf123`', (i) => `permit a.b on '/**/leaf${i}'`, (i) => on('a.b', `/a/b/leaf${i}`)],
    ['`/**/mid123/**`', (i) => `permit a.b on '/**/mid${i}/**'`, (i) => on('a.b', `/a/mid${i}/b`)],
    ['`/**/a123/**/b123`', (i) => `permit a.b on '/**/a${i}/**/b${i}'`, (i) => on('a.b', `/a${i}/x/b${i}`)],
    ['`get123_*`', (i) => `permit get${i}_* on **`, (i) => on(`get${i}_x`, '/a/b')],
    ['`f_*_123.txt`', (i) => `permit a.b on '/*/f_*_${i}.txt'`, (i) => on('a.b', `/a/f_x_${i}.txt`)],
  ];
}

/** Decides requests that were made before, and makes sure of what comes out. */
function evaluator(text, request, code = 'permitted') {
  const policy = compile(text);
  const requests = Array.from({ length: REQUESTS }, (_, i) => request(i));
  const evaluation = evaluate(policy, requests[0]);
  if (evaluation.code !== code) throw new Error(`the sample request is ${evaluation.code}`);
  return (i) => evaluate(policy, requests[i % REQUESTS]);
}

const lines = (count, line) => Array.from({ length: count }, (_, i) => line(i)).join('\n');

/** Requests for every n-th statement, so that `asked` of them are asked for; permits only. */
function spread(statements, asked) {
  const step = Math.max(1, Math.floor(statements / asked));
  return (i) => {
    const chosen = ((i * 7919) % asked) * step;
    return requestFor(chosen - (chosen % 4), i);
  };
}

function narrowing(count, most, expected) {
  const statement = (amount) => (i) =>
    `permit tools.t${i}.* on '/projects/p${i}/**' when args.amount <= ${amount(i)} and args.currency = 'EUR'`;
  const places = Array.from({ length: count }, (_, i) => i);
  const parent = compile(places.map(statement((i) => 1000 + i)).join('\n'));
  const child = compile(places.map(statement(most)).reverse().join('\n'));
  if (checkNarrowing(child, parent).narrows !== expected) throw new Error('the answer is another one');
  return () => checkNarrowing(child, parent);
}

/** Documents of all kinds of statements, some of them wider than their parent; one pair after the other. */
function editedPairs(count, pairs) {
  const compiled = Array.from({ length: pairs }, (_, seed) => {
    const { child, parent } = editedPair(count, seed + 1);
    return { child: compile(child), parent: compile(parent) };
  });
  for (const { child, parent } of compiled) {
    if (checkNarrowing(child, parent).narrows === 'unknown') throw new Error('an answer is missing');
  }
  let next = 0;
  return () => {
    const { child, parent } = compiled[next++ % pairs];
    return checkNarrowing(child, parent);
  };
}
