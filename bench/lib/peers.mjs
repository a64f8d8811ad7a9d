/** What others make of the rules of `rules`, as near as each can say them, and of the request that the last one matches. */
import { createMongoAbility } from '@casl/ability';
import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import governance from '@microsoft/agent-governance-sdk';

const isDeny = (i, count) => i % 4 === 3 && i < count - 1;

/** Cedar, in WebAssembly, its policies parsed before. */
export function cedar(count) {
  const policies = Array.from({ length: count }, (_, i) => {
    const kind = isDeny(i, count) ? 'forbid' : 'permit';
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

/** CASL, which has no patterns: its rules name action and kind exactly and look at the conditions alone. */
export function casl(count, action) {
  const rulesOfCasl = Array.from({ length: count }, (_, i) => ({
    action: action(i),
    subject: 'File',
    inverted: isDeny(i, count),
    conditions: { project: `p${i}`, amount: { $lte: 1000 + i }, currency: 'EUR' },
  }));
  // CASL lets the last rule that matches win and asks it first; the rule that matches here is asked last.
  const ability = createMongoAbility(rulesOfCasl.reverse(), { detectSubjectType: () => 'File' });
  const last = count - 1;
  const file = { project: `p${last}`, amount: 10, currency: 'EUR' };
  if (!ability.can(action(last), file)) throw new Error('CASL does not permit the sample request');
  return () => ability.can(action(last), file);
}

/** Microsoft's agent-governance-sdk with rules that are expressions. They have no patterns, so a member names the project. */
export function agentGovernance(count) {
  const engine = new governance.PolicyEngine([], 'deny_overrides');
  const rulesOfSdk = Array.from({ length: count }, (_, i) => ({
    name: `r${i}`,
    condition: `action == 'tools.t${i}.run' and project == 'p${i}' and args.amount <= ${1000 + i} and args.currency == 'EUR'`,
    ruleAction: isDeny(i, count) ? 'deny' : 'allow',
  }));
  engine.loadPolicy({
    name: 'rules',
    scope: 'global',
    agents: ['*'],
    rules: rulesOfSdk,
    default_action: 'deny',
  });
  const last = count - 1;
  const call = { action: `tools.t${last}.run`, project: `p${last}`, args: { amount: 10, currency: 'EUR' } };
  if (!engine.evaluatePolicy('did:web:agent', call).allowed)
    throw new Error('the SDK does not permit the sample request');
  return () => engine.evaluatePolicy('did:web:agent', call);
}
