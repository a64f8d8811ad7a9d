/** Documents as people mix them, for proofs: rules of all kinds with globs and conditions, drawn by a seed. */

import { seeded } from './random.mjs';

const AREAS = ['payments', 'orders', 'files', 'mail', 'crm'];
const VERBS = ['read', 'write', 'list', '*', 'get_*'];
const RESOURCES = [
  (area) => `/${area}/**`,
  (area) => `/${area}/*/items`,
  (area, i) => `/${area}/t${i % 7}/**`,
  (area) => `/**/${area}.txt`,
  () => '**',
];
const CONDITIONS = [
  (i) => `args.amount <= ${100 + (i % 9) * 50}`,
  (i) => `user.role in ['admin', 'ops${i % 4}']`,
  (i) => `args.path starts_with '/srv/${i % 6}'`,
  (i) => `args.amount < ${i} and has user.id`,
  () => "args.note contains 'x' or args.force = true",
  () => "not (env = 'prod')",
];

/** The text of a document. @returns statements, one a line */
export function mixedDocument(count, seed) {
  const random = seeded(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  return Array.from({ length: count }, (_, i) => {
    const area = AREAS[i % AREAS.length];
    const action = `${area}.${pick(VERBS)}`;
    const resource = `'${pick(RESOURCES)(area, i)}'`;
    const condition = pick(CONDITIONS)(i);
    const kind = random();
    if (kind < 0.06) return `limit ${action} on ${resource} ${10 + (i % 5)} per 1 hours`;
    if (kind < 0.12) return `require human.approval for ${action} on ${resource} when ${condition}`;
    return `${kind < 0.4 ? 'deny' : 'permit'} ${action} on ${resource} when ${condition}`;
  });
}

/** A document and an edit of it: in another order, and in half of all cases with one statement that says more. */
export function editedPair(count, seed) {
  const parent = mixedDocument(count, seed);
  const child = [...parent].reverse();
  const at = seed % count;
  if (seed % 2 === 1) child[at] = child[at].replace('deny', 'permit').replace(/<= \d+/, '<= 999');
  return { parent: parent.join('\n'), child: child.join('\n') };
}
