import { createMongoAbility } from '@casl/ability';
import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import { checkNarrowing, compile, evaluate } from '@stele/ccl';
import { percentile, perSecond, share, within } from '../lib/bars.mjs';
import { requestFor, rules } from '../lib/samples.mjs';

export const title = 'CCL';

const HOT = 64;
const REQUESTS = 5_000;
const TWENTY = '20 statements, the match last';

export async function* tables({ smoke }) {
  const many = smoke ? 500 : 10_000;
  const shown = many.toLocaleString('en-US');
  const twenty = evaluator(rules(20), () => requestFor(19));

  yield {
    title: 'Decide a request, 20 statements',
    note: 'Rules with globs and conditions, of which the last matches. CASL has no patterns: its rules name action and kind exactly and look at the conditions alone.',
    percentiles: true,
    candidates: [
      { name: 'evaluate', run: twenty, bar: perSecond(1_200_000) },
      { name: 'Cedar (WASM), policies parsed before', run: cedar(20) },
      { name: 'CASL, rules for as many actions', run: casl(20, (i) => `t${i}`) },
      { name: 'CASL, rules for one action', run: casl(20, () => 't') },
    ],
  };
  yield {
    title: 'Decide a request, 200 statements',
    note: 'The same rules.',
    percentiles: true,
    candidates: [
      { name: 'evaluate', run: evaluator(rules(200), () => requestFor(199)), bar: percentile('p99', 5) },
      { name: 'Cedar (WASM), policies parsed before', run: cedar(200) },
      { name: 'CASL, rules for as many actions', run: casl(200, (i) => `t${i}`) },
      { name: 'CASL, rules for one action', run: casl(200, () => 't') },
    ],
  };
  yield {
    title: 'Decide a request, more statements',
    note: `${REQUESTS.toLocaleString('en-US')} distinct requests over ${HOT} of the statements, or over all of them.`,
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
        run: evaluator(oneAction(many), sameAction(many)),
        bar: share(0.3, TWENTY),
      },
    ],
  };
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
    ],
  };
}

/** Decides requests that were made before, and makes sure that they are permitted. */
function evaluator(text, request) {
  const policy = compile(text);
  const requests = Array.from({ length: REQUESTS }, (_, i) => request(i));
  if (!evaluate(policy, requests[0]).permitted) throw new Error('the sample request is not permitted');
  return (i) => evaluate(policy, requests[i % REQUESTS]);
}

/** Requests for every n-th statement, so that `asked` of them are asked for; permits only. */
function spread(statements, asked) {
  const step = Math.max(1, Math.floor(statements / asked));
  return (i) => {
    const chosen = ((i * 7919) % asked) * step;
    return requestFor(chosen - (chosen % 4), i);
  };
}

function oneAction(count) {
  return Array.from(
    { length: count },
    (_, i) => `permit files.read on '/projects/p${i}/**' when args.amount <= ${1000 + i}`,
  ).join('\n');
}

function sameAction(count) {
  return (i) => ({ ...requestFor((i * 7919) % count, i), action: 'files.read' });
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

/** The rules of `rules` as Cedar has them. */
function cedar(count) {
  const policies = Array.from({ length: count }, (_, i) => {
    const kind = i % 4 === 3 && i < count - 1 ? 'forbid' : 'permit';
    const condition = `resource.path like "/projects/p${i}/*" && context.amount <= ${1000 + i} && context.currency == "EUR"`;
    return `${kind}(principal, action == Action::"tools.t${i}.run", resource) when { ${condition} };`;
  });
  const name = `rules-${count}`;
  const parsed = preparsePolicySet(name, { staticPolicies: policies.join('\n') });
  if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed));
  const uid = { type: 'File', id: 'f' };
  const call = {
    principal: { type: 'Agent', id: 'a' },
    action: { type: 'Action', id: `tools.t${count - 1}.run` },
    resource: uid,
    context: { amount: 10, currency: 'EUR' },
    preparsedPolicySetId: name,
    entities: [{ uid, attrs: { path: `/projects/p${count - 1}/files/f0.txt` }, parents: [] }],
  };
  const answer = statefulIsAuthorized(call);
  if (answer.type !== 'success' || answer.response.decision !== 'allow')
    throw new Error(JSON.stringify(answer));
  return () => statefulIsAuthorized(call);
}

function casl(count, action) {
  const rulesOfCasl = Array.from({ length: count }, (_, i) => ({
    action: action(i),
    subject: 'File',
    inverted: i % 4 === 3 && i < count - 1,
    conditions: { project: `p${i}`, amount: { $lte: 1000 + i }, currency: 'EUR' },
  }));
  // CASL lets the last rule that matches win and asks it first; the rule that matches here is asked last.
  const ability = createMongoAbility(rulesOfCasl.reverse(), { detectSubjectType: () => 'File' });
  const last = count - 1;
  const file = { project: `p${last}`, amount: 10, currency: 'EUR' };
  if (!ability.can(action(last), file)) throw new Error('CASL does not permit the sample request');
  return () => ability.can(action(last), file);
}
