/**
 * The integration tests of Cedar, another language, put to this one: where a policy can be said in CCL, both decide
 * every request alike. Entities become data: what an entity is in becomes its path (resources) or a list of names
 * (principals), and its attributes become fields of the context.
 */
import { describe, expect, it } from 'vitest';
import { haveVectors, vectorJson } from '../../../test/support/vectors.js';
import { compile, evaluate } from '../src/index.js';

interface Uid {
  readonly type: string;
  readonly id: string;
}
interface Entity {
  readonly uid: Uid;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly parents: readonly Uid[];
}
interface Case {
  readonly file: string;
  readonly policy_text: string;
  readonly entities_file: string;
  readonly requests: readonly {
    readonly description: string;
    readonly principal: Uid;
    readonly action: Uid;
    readonly resource: Uid;
    readonly context: Readonly<Record<string, unknown>>;
    readonly decision: 'allow' | 'deny';
    readonly errors: readonly string[];
  }[];
}

/** Each policy of the suite as it stands there, without comments and white space at will, and in CCL. */
const TRANSLATED: readonly { cedar: string; ccl: string }[] = [
  {
    cedar: `permit (principal == User::"alice", action == Action::"view", resource == Photo::"VacationPhoto94.jpg");`,
    ccl: `permit view on '**/Photo/VacationPhoto94.jpg' when principal.uid = 'User::alice'`,
  },
  {
    cedar: `permit (principal in UserGroup::"jane_friends", action == Action::"view",
      resource == Photo::"VacationPhoto94.jpg");`,
    ccl: `permit view on '**/Photo/VacationPhoto94.jpg' when principal.in contains 'UserGroup::jane_friends'`,
  },
  {
    cedar: `permit (principal == User::"alice", action == Action::"view", resource in Album::"jane_vacation");`,
    ccl: `permit view on '**/Album/jane_vacation/**' when principal.uid = 'User::alice'`,
  },
  {
    cedar: `permit (principal == User::"alice", action in [Action::"view", Action::"edit", Action::"comment"],
      resource in Album::"jane_vacation");`,
    ccl: `permit view    on '**/Album/jane_vacation/**' when principal.uid = 'User::alice'
      permit edit    on '**/Album/jane_vacation/**' when principal.uid = 'User::alice'
      permit comment on '**/Album/jane_vacation/**' when principal.uid = 'User::alice'`,
  },
  {
    cedar: `permit (principal, action == Action::"view", resource in Album::"jane_vacation");`,
    ccl: `permit view on '**/Album/jane_vacation/**'`,
  },
  {
    cedar: `permit (principal == User::"alice",
      action in [Action::"listAlbums", Action::"listPhotos", Action::"view"], resource in Account::"jane");`,
    ccl: `permit listAlbums on '**/Account/jane/**' when principal.uid = 'User::alice'
      permit listPhotos on '**/Account/jane/**' when principal.uid = 'User::alice'
      permit view       on '**/Account/jane/**' when principal.uid = 'User::alice'`,
  },
  {
    cedar: `permit (principal == User::"alice", action, resource in Album::"jane_vacation");`,
    ccl: `permit ** on '**/Album/jane_vacation/**' when principal.uid = 'User::alice'`,
  },
  {
    cedar: `permit (principal, action in [Action::"listPhotos", Action::"view"], resource in Album::"device_prototypes")
      when { principal.department == "HardwareEngineering" && principal.jobLevel >= 5 };`,
    ccl: `permit listPhotos on '**/Album/device_prototypes/**' when (
        principal.department = 'HardwareEngineering' and principal.jobLevel >= 5)
      permit view on '**/Album/device_prototypes/**' when (
        principal.department = 'HardwareEngineering' and principal.jobLevel >= 5)`,
  },
  {
    cedar: `permit (principal, action, resource)
      when { resource has account && principal == resource.account.owner };`,
    ccl: `permit ** on ** when has resource.account and principal.uid = @resource.account.owner.uid`,
  },
  {
    cedar: `permit (principal, action == Action::"view", resource)
      when { principal.department == resource.account.owner.department };`,
    ccl: `permit view on ** when principal.department = @resource.account.owner.department`,
  },
  {
    cedar: `permit (principal, action, resource) when {
      (resource has account && principal == resource.account.owner) || resource.admins.contains(principal) };`,
    ccl: `permit ** on ** when (
      has resource.account and principal.uid = @resource.account.owner.uid
      or some resource.admins = @principal.uid)`,
  },
  {
    cedar: `permit (principal, action == Action::"addPhoto", resource in Account::"alice") when {
      (["JPEG", "PNG"].contains(context.photo.filetype) && context.photo.filesize_mb <= 1) ||
      (context.photo.filetype == "RAW" && context.photo.filesize_mb <= 100 && principal in UserGroup::"AVTeam") };`,
    ccl: `permit addPhoto on '**/Account/alice/**' when (
      context.photo.filetype in ['JPEG', 'PNG'] and context.photo.filesize_mb <= 1
      or context.photo.filetype = 'RAW' and context.photo.filesize_mb <= 100
        and principal.in contains 'UserGroup::AVTeam')`,
  },
];

/** What CCL cannot say, with the reason. */
const UNTRANSLATABLE: readonly { cedar: string; because: string }[] = [
  {
    cedar: `permit (principal, action == Action::"view", resource == Photo::"VacationPhoto94.jpg")
      when { context.source_ip == ip("222.222.222.222") };`,
    because: 'there is no type of IP addresses: two spellings of one address are two texts',
  },
  {
    cedar: `permit (principal, action == Action::"view", resource == Photo::"VacationPhoto94.jpg")
      when { !(context.source_ip.isLoopback()) && !(context.source_ip.isMulticast()) };`,
    because: 'there is no type of IP addresses: what is loopback or multicast the caller has to say',
  },
  {
    cedar: `permit (principal, action == Action::"view", resource == Photo::"VacationPhoto94.jpg")
      when { context.source_ip.isInRange(ip("222.222.222.0/24")) };`,
    because: 'there is no type of IP addresses, and so no range of them',
  },
];

const plain = (cedar: string) => cedar.replace(/\/\/.*$/gm, '').replace(/\s+/g, '');
const nameOf = ({ type, id }: Uid) => `${type}::${id}`;

/** The entities of one file, as CCL is given them. */
class Entities {
  readonly #byName: ReadonlyMap<string, Entity>;

  constructor(entities: readonly Entity[]) {
    this.#byName = new Map(entities.map((entity) => [nameOf(entity.uid), entity]));
  }

  /** `/Account/jane/Album/jane_vacation/Photo/VacationPhoto94.jpg` */
  path(uid: Uid): string {
    const parents = this.#byName.get(nameOf(uid))?.parents ?? [];
    expect(parents.length).toBeLessThan(2);
    return `${parents.map((parent) => this.path(parent)).join('')}/${uid.type}/${uid.id}`;
  }

  /** Its name, its attributes with those of the entities they name, and every entity that it is in. */
  data(uid: Uid, depth = 3): Record<string, unknown> {
    const { attrs = {} } = this.#byName.get(nameOf(uid)) ?? {};
    const entries = Object.entries(attrs).map(([name, value]) => [name, this.#value(value, depth)]);
    return { ...Object.fromEntries(entries), uid: nameOf(uid), in: [...this.#ancestors(uid)] };
  }

  #value(value: unknown, depth: number): unknown {
    if (Array.isArray(value)) return value.map((item) => nameOf(item as Uid));
    if (typeof value !== 'object' || value === null) return value;
    return depth === 0 ? undefined : this.data(value as Uid, depth - 1);
  }

  *#ancestors(uid: Uid): Generator<string> {
    yield nameOf(uid);
    for (const parent of this.#byName.get(nameOf(uid))?.parents ?? []) yield* this.#ancestors(parent);
  }
}

describe.skipIf(!haveVectors)("Cedar's integration tests", () => {
  const cases = haveVectors ? vectorJson<Case[]>('policy-cedar/cases.json') : [];
  const translated = cases.flatMap((each) => {
    const found = TRANSLATED.find(({ cedar }) => plain(cedar) === plain(each.policy_text));
    return found === undefined ? [] : [{ ...each, ccl: found.ccl }];
  });
  const left = cases.filter((each) => !translated.some(({ file }) => file === each.file));
  const count = (some: readonly Case[]) => some.flatMap(({ requests }) => requests).length;

  it('are 12 policies with 46 requests that can be said in CCL, and 3 with 8 that cannot', () => {
    expect([translated.length, count(translated)]).toEqual([12, 46]);
    expect([left.length, count(left)]).toEqual([3, 8]);
    for (const { policy_text } of left)
      expect(UNTRANSLATABLE.map(({ cedar }) => plain(cedar))).toContain(plain(policy_text));
  });

  describe.each(translated)('$file', ({ ccl, entities_file, requests }) => {
    const file = `policy-cedar/entities_${entities_file.split('/')[1]}.json`;
    const entities = new Entities(vectorJson<Entity[]>(file));
    const policy = compile(ccl);

    it.each(requests)('$description', ({ principal, action, resource, context, decision, errors }) => {
      expect(errors).toEqual([]);
      const { permitted } = evaluate(policy, {
        action: action.id,
        resource: entities.path(resource),
        context: { principal: entities.data(principal), resource: entities.data(resource), context },
      });
      expect(permitted).toBe(decision === 'allow');
    });
  });

  describe('what cannot be said', () => {
    it.each(UNTRANSLATABLE)('$because', ({ cedar }) => {
      expect(left.map(({ policy_text }) => plain(policy_text))).toContain(plain(cedar));
    });
  });
});
