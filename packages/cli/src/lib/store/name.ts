/** How a store is named on the command line: a path, `sqlite:PATH`, or a URL. */
import { CliError } from '../errors.js';
import { printable } from '../output.js';

/** A store, and what may be shown of its name. */
export type StoreName =
  | { readonly kind: 'path' | 'sqlite'; readonly path: string; readonly shown: string }
  | {
      readonly kind: 'postgres' | 'redis';
      readonly url: string;
      /** The schema, or the prefix of the keys; undefined: the usual one. */
      readonly space: string | undefined;
      readonly shown: string;
    }
  | ({ readonly kind: 'dynamodb'; readonly shown: string } & DynamoDbName);

/** A table, and where it is as far as the name says it. */
export interface DynamoDbName {
  readonly table: string;
  readonly region?: string;
  readonly endpoint?: string;
  /** False where what speaks DynamoDB has no transactions. */
  readonly transaction: boolean;
}

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;
const SERVERS: Readonly<Record<string, readonly ['postgres' | 'redis', parameter: string]>> = {
  postgres: ['postgres', 'schema'],
  postgresql: ['postgres', 'schema'],
  redis: ['redis', 'prefix'],
  rediss: ['redis', 'prefix'],
};
/** All that the name of a table in DynamoDB can say beside it. */
const DYNAMODB = ['region', 'endpoint', 'transactions'];

/**
 * Reads a name. A password in it is in `url` alone.
 * @throws CliError `usage`
 */
export function parseStoreName(name: string): StoreName {
  const scheme = SCHEME.exec(name)?.[1]?.toLowerCase();
  if (scheme === 'dynamodb') return dynamoDbName(name);
  if (scheme !== undefined) return serverName(name, scheme);
  const isSqlite = name.startsWith('sqlite:');
  const path = isSqlite ? name.slice('sqlite:'.length) : name;
  if (path === '' || path === '-' || path === ':memory:' || path.includes('\0'))
    throw new CliError('usage', 'this names no store', HINT);
  return { kind: isSqlite ? 'sqlite' : 'path', path, shown: printable(path) };
}

function serverName(name: string, scheme: string): StoreName {
  if (!Object.hasOwn(SERVERS, scheme)) throw new CliError('usage', 'there are no stores of this kind', HINT);
  const [kind, parameter] = SERVERS[scheme] as (typeof SERVERS)[string];
  const url = parsed(name);
  const spaces = url.searchParams.getAll(parameter);
  if (spaces.length > 1) throw new CliError('usage', `the URL says ${parameter} twice`);
  const [space] = spaces;
  // Of what stands before the @ and behind the ? nothing is shown: either may hold a password.
  const user = url.username === '' && url.password === '' ? '' : '***@';
  const where = printable(`${scheme}://${user}${url.host}${url.pathname}`);
  return {
    kind,
    url: space === undefined ? name : without(parameter, name),
    space,
    shown: space === undefined ? where : `${where}?${parameter}=${printable(space)}`,
  };
}

/** The host of a URL is in lower case, and a table is not, so this is none: no user, no path, and only what is known here. */
function dynamoDbName(name: string): StoreName {
  const [, table, query = ''] = /^dynamodb:\/\/([\w.-]{3,255})(?:\?([^?#]*))?$/i.exec(name) ?? [];
  const given = new URLSearchParams(query);
  const keys = [...given.keys()];
  const [region, endpoint, transactions] = DYNAMODB.map((key) => given.get(key) ?? undefined);
  const isSound =
    table !== undefined &&
    keys.every((key) => DYNAMODB.includes(key)) &&
    new Set(keys).size === keys.length &&
    (region === undefined || /^[a-z0-9-]{1,64}$/.test(region)) &&
    (endpoint === undefined || isEndpoint(endpoint)) &&
    (transactions === undefined || transactions === 'yes' || transactions === 'no');
  if (!isSound)
    throw new CliError('usage', 'the name of the table in DynamoDB cannot be read', DYNAMODB_HINT);
  return {
    kind: 'dynamodb',
    table,
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    transaction: transactions !== 'no',
    shown: `dynamodb://${table}${query === '' ? '' : `?${printable(decodeURIComponent(given.toString()))}`}`,
  };
}

/** Neither a user nor a password, nor a query in which there may be one: the AWS SDK has its own ways to credentials. */
function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '';
}

/** The rest of the URL as it was written: what it means is for the driver to say. */
function without(parameter: string, name: string): string {
  const [base, query] = name.split('?') as [string, string];
  const others = query.split('&').filter((each) => !new URLSearchParams(each).has(parameter));
  return others.length === 0 ? base : `${base}?${others.join('&')}`;
}

/** A password with a character that ends it early would be taken for a host or a path, and shown. */
function parsed(name: string): URL {
  const url = URL.canParse(name) ? new URL(name) : undefined;
  const isSound =
    url !== undefined &&
    url.hostname !== '' &&
    !name.includes('#') &&
    !/[@?]/.test(`${url.pathname}${url.search.slice(1)}`);
  if (isSound) return url;
  throw new CliError(
    'usage',
    'the URL of the store cannot be read',
    'write special characters of a password as %XX: postgres://user:p%40ss@host/database',
  );
}

const HINT =
  'a folder, a file or sqlite:PATH, postgres://host/database?schema=stele, redis://host/0?prefix=stele, or dynamodb://TABLE?region=eu-central-1';
const DYNAMODB_HINT =
  'dynamodb://TABLE?region=eu-central-1, with &endpoint=http://127.0.0.1:8000 or &transactions=no where it is needed';
