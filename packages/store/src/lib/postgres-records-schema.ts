import { FEED_LENGTH } from '../record-backend.js';
import { ISOLATION } from './postgres-errors.js';
import { PLPGSQL, type PostgresPart } from './postgres-schema.js';

/**
 * What a store keeps. `records`, with an index of their tokens that is written at once: a list of what is yet to be indexed would make
 * some puts slow, and lists, too. `changes` is the feed, a part of it since version 3; it is ordered by transaction and, within one, by `place`. `feed` has one row:
 * what tells this feed from any other, and the last change that was dropped.
 */
const TABLES = (schema: string): string => `
CREATE TABLE ${schema}.records (kind text NOT NULL, id text COLLATE "C" NOT NULL, bytes bytea NOT NULL, tokens text[] NOT NULL,
  PRIMARY KEY (kind, id));
CREATE INDEX records_by_token ON ${schema}.records USING gin (tokens) WITH (fastupdate = off);
CREATE TABLE ${schema}.changes (transaction bigint NOT NULL, place bigint NOT NULL GENERATED ALWAYS AS IDENTITY, kind text NOT NULL,
  id text NOT NULL, deleted boolean NOT NULL, PRIMARY KEY (transaction, place));
CREATE TABLE ${schema}.feed (id integer PRIMARY KEY CHECK (id = 1), epoch text NOT NULL, transaction bigint NOT NULL, place bigint NOT NULL);
INSERT INTO ${schema}.feed VALUES (1, replace(gen_random_uuid()::text, '-', ''), 0, 0);
CREATE TABLE ${schema}.probes (value uuid PRIMARY KEY);
`;

/** What a change expects, and what is there afterwards, as parameters. */
export const EXPECTS = { none: 0, present: 1, version: 2 } as const;
export const NEXT = { same: 0, none: 1, content: 2 } as const;

/** SQLSTATE: the feed does not reach back so far. */
export const EXPIRED = 'SL011';

/** Refuses an isolation that looks at the past. */
const readCommitted = `IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'the isolation is not read committed' USING ERRCODE = '${ISOLATION}';
  END IF;`;

/** The body of `store_horizon`. @param table that whoever writes holds a lock of from before its transaction has a number */
const horizon = (schema: string, table: string): string => `BEGIN
  next := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  -- Numbers of transactions that go on have 32 bits, and are within 2^31 of the next one.
  SELECT min(next - behind) INTO horizon FROM (
    SELECT (next - numbers.transactionid::text::bigint) & 4294967295 AS behind
    FROM pg_locks AS writers JOIN pg_locks AS numbers USING (virtualtransaction)
    WHERE writers.locktype = 'relation' AND writers.relation = '${schema}.${table}'::regclass AND writers.mode = 'RowExclusiveLock'
      AND writers.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND numbers.locktype = 'transactionid' AND numbers.granted AND numbers.mode = 'ExclusiveLock'
  ) AS distances WHERE behind < 2147483648;
  horizon := least(coalesce(horizon, next), next);
END`;

/**
 * Makes all changes or none. Whoever writes holds a lock for each record from before its transaction has a number until it has
 * committed: so of two changes of one record the earlier has the lower number, though transactions commit in any order. And it
 * holds the table of changes before that, so that a reader of the feed knows which numbers are still to come.
 */
const WRITE = (schema: string): string => `
CREATE FUNCTION ${schema}.store_write(kinds text[], ids text[], expects integer[], versions bytea[], nexts integer[], contents bytea[],
  token_lists text[]) RETURNS boolean ${PLPGSQL} AS $$
DECLARE
  last_place bigint;
BEGIN
  -- What is looked at below must be what is there once the locks are held.
  ${readCommitted}
  LOCK TABLE ${schema}.changes IN ROW EXCLUSIVE MODE;
  PERFORM pg_advisory_xact_lock(locks.number) FROM (
    SELECT DISTINCT hashtextextended('${schema}' || one, 1) AS number FROM unnest(ids) AS one ORDER BY 1
  ) AS locks;
  FOR i IN 1..array_length(ids, 1) LOOP
    IF expects[i] = 2 THEN
      PERFORM FROM ${schema}.records AS r WHERE r.kind = kinds[i] AND r.id = ids[i] AND r.bytes = versions[i];
    ELSE
      PERFORM FROM ${schema}.records AS r WHERE r.kind = kinds[i] AND r.id = ids[i];
    END IF;
    IF FOUND <> (expects[i] > 0) THEN RETURN false; END IF;
  END LOOP;
  FOR i IN 1..array_length(ids, 1) LOOP
    CONTINUE WHEN nexts[i] = 0 OR nexts[i] = 1 AND expects[i] = 0;
    IF nexts[i] = 1 THEN
      DELETE FROM ${schema}.records AS r WHERE r.kind = kinds[i] AND r.id = ids[i];
    ELSIF expects[i] = 0 THEN
      INSERT INTO ${schema}.records (kind, id, bytes, tokens) VALUES (kinds[i], ids[i], contents[i], string_to_array(token_lists[i], ' '));
    ELSE
      UPDATE ${schema}.records AS r SET bytes = contents[i], tokens = string_to_array(token_lists[i], ' ')
        WHERE r.kind = kinds[i] AND r.id = ids[i];
    END IF;
    INSERT INTO ${schema}.changes AS c (transaction, kind, id, deleted)
      VALUES (pg_current_xact_id()::text::bigint, kinds[i], ids[i], nexts[i] = 1) RETURNING c.place INTO last_place;
    IF last_place % 256 = 0 THEN PERFORM ${schema}.store_cut(); END IF;
  END LOOP;
  RETURN true;
END $$;

-- Drops changes that are far behind.
CREATE FUNCTION ${schema}.store_cut() RETURNS void ${PLPGSQL} AS $$
DECLARE
  last record;
  reach record;
BEGIN
  -- Whoever is cutting now does it for all.
  PERFORM FROM ${schema}.feed FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN; END IF;
  -- Not what comes after a transaction that still goes on.
  reach := ${schema}.store_horizon();
  SELECT c.transaction, c.place INTO last FROM ${schema}.changes AS c WHERE c.transaction < reach.horizon
    ORDER BY c.transaction DESC, c.place DESC OFFSET ${FEED_LENGTH + 1000} LIMIT 1;
  IF NOT FOUND THEN RETURN; END IF;
  DELETE FROM ${schema}.changes AS c WHERE (c.transaction, c.place) <= (last.transaction, last.place);
  UPDATE ${schema}.feed SET transaction = last.transaction, place = last.place;
END $$;
`;

/** What nearly every write is: one record that is not there yet. The same locks in the same order as `store_write`, without its loops and arrays. */
const PUT = (schema: string): string => `
CREATE FUNCTION ${schema}.store_put(given_kind text, given_id text, content bytea, token_list text) RETURNS boolean ${PLPGSQL} AS $$
DECLARE
  last_place bigint;
BEGIN
  ${readCommitted}
  LOCK TABLE ${schema}.changes IN ROW EXCLUSIVE MODE;
  PERFORM pg_advisory_xact_lock(hashtextextended('${schema}' || given_id, 1));
  INSERT INTO ${schema}.records (kind, id, bytes, tokens) VALUES (given_kind, given_id, content, string_to_array(token_list, ' '))
    ON CONFLICT (kind, id) DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO ${schema}.changes AS c (transaction, kind, id, deleted)
    VALUES (pg_current_xact_id()::text::bigint, given_kind, given_id, false) RETURNING c.place INTO last_place;
  IF last_place % 256 = 0 THEN PERFORM ${schema}.store_cut(); END IF;
  RETURN true;
END $$;
`;

/**
 * Some changes of the feed, of both kinds. Each kind is read in the order of its index and no further than that: a union is sorted as a
 * whole where the planner knows no better.
 */
const told = (schema: string, which: string, order: 'ASC' | 'DESC', limit: number): string => {
  const some = (columns: string, table: string) =>
    `(SELECT c.transaction, c.place, ${columns} FROM ${schema}.${table} AS c
      WHERE ${which} ORDER BY c.transaction ${order}, c.place ${order} LIMIT ${limit})`;
  return `(${some('c.kind, c.id, c.deleted', 'changes')}
    UNION ALL ${some('c.kind, c.id COLLATE "default", false', 'records')}) AS c
    ORDER BY c.transaction ${order}, c.place ${order} LIMIT ${limit}`;
};

/**
 * How a function is declared that reads some changes. A table that has grown since the planner looked at it is taken for a short one, whose
 * rows are all fetched and sorted.
 */
const IN_ORDER = `${PLPGSQL} SET enable_seqscan = off SET enable_bitmapscan = off`;

/** The rows of a table that tell of transactions which are yet to come. */
const ahead = (schema: string, table: string): string =>
  `SELECT c.ctid FROM ${schema}.${table} AS c WHERE c.transaction >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint`;

/** So many records at once are told of no more, where a feed begins anew: a statement has its time. */
const FORGET = 5000;

/**
 * Version 3: a record that is put is its own change, with the number of its transaction and its place within that, so that a put writes
 * one row. `changes` has what records do not tell any more: deletions, and what was before a record was written anew.
 */
const OWN_CHANGES = (schema: string): string => `
ALTER TABLE ${schema}.records ADD COLUMN transaction bigint, ADD COLUMN place bigint;
CREATE INDEX records_by_transaction ON ${schema}.records (transaction, place) WHERE transaction IS NOT NULL;

-- Who may insert into the table may count in it, as was so where the table did it.
GRANT USAGE ON SEQUENCE ${schema}.changes_place_seq TO PUBLIC;

-- What a record has told of itself stays told, as far as the feed reaches back, whoever deletes it: a call of version 2 may have waited
-- until now, and knows nothing of it. Such a call leaves what it writes anew its own change.
CREATE FUNCTION ${schema}.store_deleted() RETURNS trigger ${PLPGSQL} AS $$
BEGIN
  INSERT INTO ${schema}.changes (transaction, place, kind, id, deleted) OVERRIDING SYSTEM VALUE
    SELECT OLD.transaction, OLD.place, OLD.kind, OLD.id, false FROM ${schema}.feed AS f
    WHERE (OLD.transaction, OLD.place) > (f.transaction, f.place);
  RETURN NULL;
END $$;
CREATE TRIGGER records_deleted AFTER DELETE ON ${schema}.records FOR EACH ROW WHEN (OLD.transaction IS NOT NULL)
  EXECUTE FUNCTION ${schema}.store_deleted();

CREATE OR REPLACE FUNCTION ${schema}.store_write(kinds text[], ids text[], expects integer[], versions bytea[], nexts integer[],
  contents bytea[], token_lists text[]) RETURNS boolean ${PLPGSQL} AS $$
DECLARE
  number bigint;
BEGIN
  -- What is looked at below must be what is there once the locks are held.
  ${readCommitted}
  LOCK TABLE ${schema}.records IN ROW EXCLUSIVE MODE;
  PERFORM pg_advisory_xact_lock(locks.number) FROM (
    SELECT DISTINCT hashtextextended('${schema}' || one, 1) AS number FROM unnest(ids) AS one ORDER BY 1
  ) AS locks;
  FOR i IN 1..array_length(ids, 1) LOOP
    IF expects[i] = 2 THEN
      PERFORM FROM ${schema}.records AS r WHERE r.kind = kinds[i] AND r.id = ids[i] AND r.bytes = versions[i];
    ELSE
      PERFORM FROM ${schema}.records AS r WHERE r.kind = kinds[i] AND r.id = ids[i];
    END IF;
    IF FOUND <> (expects[i] > 0) THEN RETURN false; END IF;
  END LOOP;
  FOR i IN 1..array_length(ids, 1) LOOP
    CONTINUE WHEN nexts[i] = 0 OR nexts[i] = 1 AND expects[i] = 0;
    number := pg_current_xact_id()::text::bigint;
    IF expects[i] = 0 THEN
      INSERT INTO ${schema}.records (kind, id, bytes, tokens, transaction, place)
        VALUES (kinds[i], ids[i], contents[i], string_to_array(token_lists[i], ' '), number, i);
      CONTINUE;
    END IF;
    IF nexts[i] = 1 THEN
      DELETE FROM ${schema}.records AS r WHERE r.kind = kinds[i] AND r.id = ids[i];
      INSERT INTO ${schema}.changes (transaction, place, kind, id, deleted) OVERRIDING SYSTEM VALUE
        VALUES (number, i, kinds[i], ids[i], true);
    ELSE
      INSERT INTO ${schema}.changes (transaction, place, kind, id, deleted) OVERRIDING SYSTEM VALUE
        SELECT r.transaction, r.place, r.kind, r.id, false FROM ${schema}.records AS r, ${schema}.feed AS f
        WHERE r.kind = kinds[i] AND r.id = ids[i] AND (r.transaction, r.place) > (f.transaction, f.place);
      UPDATE ${schema}.records AS r
        SET bytes = contents[i], tokens = string_to_array(token_lists[i], ' '), transaction = number, place = i
        WHERE r.kind = kinds[i] AND r.id = ids[i];
    END IF;
    -- The sequence counts what may have to be dropped; places are within a transaction.
    IF nextval('${schema}.changes_place_seq') % 256 = 0 THEN PERFORM ${schema}.store_cut(); END IF;
  END LOOP;
  RETURN true;
END $$;

-- What nearly every write is. Its table is locked before its transaction has a number, as the lock comes with the statement. Setting a
-- search path would take a twentieth of it, so it is said of every name and operator where it is.
CREATE OR REPLACE FUNCTION ${schema}.store_put(given_kind text, given_id text, content bytea, token_list text) RETURNS boolean
  LANGUAGE plpgsql AS $$
BEGIN
  IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.<>) 'read committed' THEN
    RAISE EXCEPTION 'the isolation is not read committed' USING ERRCODE = '${ISOLATION}';
  END IF;
  -- It is never null; as an expression it takes a fraction of what it does as a statement.
  IF pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('${schema}' OPERATOR(pg_catalog.||) given_id, 1)) IS NULL THEN
    RETURN false;
  END IF;
  INSERT INTO ${schema}.records (kind, id, bytes, tokens, transaction, place)
    VALUES (given_kind, given_id, content, pg_catalog.string_to_array(token_list, ' '),
      pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.int8, 0)
    ON CONFLICT (kind, id) DO NOTHING;
  RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION ${schema}.store_horizon(OUT horizon bigint, OUT next bigint) ${PLPGSQL} AS $$
${horizon(schema, 'records')} $$;

CREATE OR REPLACE FUNCTION ${schema}.store_changes(after_transaction bigint, after_place bigint) RETURNS SETOF ${schema}.changes
  ${IN_ORDER} AS $$
DECLARE
  reach record;
BEGIN
  reach := ${schema}.store_horizon();
  RETURN QUERY SELECT c.* FROM ${told(
    schema,
    '(c.transaction, c.place) > (after_transaction, after_place) AND c.transaction < reach.horizon',
    'ASC',
    256,
  )};
  PERFORM FROM ${schema}.feed AS f WHERE (f.transaction, f.place) > (after_transaction, after_place);
  IF FOUND THEN RAISE EXCEPTION 'the feed does not reach back so far' USING ERRCODE = '${EXPIRED}'; END IF;
END $$;

CREATE OR REPLACE FUNCTION ${schema}.store_latest(since bigint, OUT settled boolean, OUT next bigint, OUT epoch text, OUT transaction bigint,
  OUT place bigint) ${IN_ORDER} AS $$
DECLARE
  reach record;
BEGIN
  reach := ${schema}.store_horizon();
  next := coalesce(since, reach.next);
  settled := reach.horizon >= next;
  SELECT f.epoch, f.transaction, f.place INTO epoch, transaction, place FROM ${schema}.feed AS f;
  SELECT c.transaction, c.place INTO transaction, place FROM ${told(schema, 'c.transaction < reach.horizon', 'DESC', 1)};
  IF NOT FOUND THEN SELECT f.transaction, f.place INTO transaction, place FROM ${schema}.feed AS f; END IF;
END $$;

-- Is asked again until it says that there is no more to do. What tells of lower numbers comes before all that is to come, and may stay.
DROP FUNCTION ${schema}.store_open();
CREATE FUNCTION ${schema}.store_open() RETURNS boolean ${IN_ORDER} AS $$
BEGIN
  FOR locked IN 0..1 LOOP
    IF NOT EXISTS (${ahead(schema, 'changes')}) AND NOT EXISTS (${ahead(schema, 'records')}) THEN
      RETURN false;
    END IF;
    -- One at a time. Another may have done it meanwhile, and written since.
    IF locked = 0 THEN PERFORM FROM ${schema}.feed FOR UPDATE; END IF;
  END LOOP;
  DELETE FROM ${schema}.changes;
  UPDATE ${schema}.records AS r SET transaction = NULL, place = NULL
    WHERE r.ctid = ANY (ARRAY(${ahead(schema, 'records')} LIMIT ${FORGET}));
  UPDATE ${schema}.feed SET epoch = replace(gen_random_uuid()::text, '-', ''), transaction = 0, place = 0;
  RETURN true;
END $$;
`;

const FEED = (schema: string): string => `
-- All transactions with a lower number have ended, as far as they write to this store; \`next\` is above all that have ended so far.
CREATE FUNCTION ${schema}.store_horizon(OUT horizon bigint, OUT next bigint) ${PLPGSQL} AS $$
${horizon(schema, 'changes')} $$;

-- Some changes after one, in order.
CREATE FUNCTION ${schema}.store_changes(after_transaction bigint, after_place bigint) RETURNS SETOF ${schema}.changes ${PLPGSQL} AS $$
DECLARE
  reach record;
BEGIN
  reach := ${schema}.store_horizon();
  RETURN QUERY SELECT * FROM ${schema}.changes AS c WHERE (c.transaction, c.place) > (after_transaction, after_place)
    AND c.transaction < reach.horizon ORDER BY c.transaction, c.place LIMIT 256;
  PERFORM FROM ${schema}.feed AS f WHERE (f.transaction, f.place) > (after_transaction, after_place);
  IF FOUND THEN RAISE EXCEPTION 'the feed does not reach back so far' USING ERRCODE = '${EXPIRED}'; END IF;
END $$;

-- The latest change, once everything that had begun before is in the feed. \`settled\` is false as long as it is not.
CREATE FUNCTION ${schema}.store_latest(since bigint, OUT settled boolean, OUT next bigint, OUT epoch text, OUT transaction bigint, OUT place bigint)
  ${PLPGSQL} AS $$
DECLARE
  reach record;
BEGIN
  reach := ${schema}.store_horizon();
  next := coalesce(since, reach.next);
  settled := reach.horizon >= next;
  SELECT f.epoch, f.transaction, f.place INTO epoch, transaction, place FROM ${schema}.feed AS f;
  SELECT c.transaction, c.place INTO transaction, place FROM ${schema}.changes AS c WHERE c.transaction < reach.horizon
    ORDER BY c.transaction DESC, c.place DESC LIMIT 1;
  IF NOT FOUND THEN SELECT f.transaction, f.place INTO transaction, place FROM ${schema}.feed AS f; END IF;
END $$;

-- In a database that was restored elsewhere transactions may begin to count anew: then it is another feed.
CREATE FUNCTION ${schema}.store_open() RETURNS void ${PLPGSQL} AS $$
BEGIN
  PERFORM FROM ${schema}.changes AS c WHERE c.transaction >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  IF NOT FOUND THEN RETURN; END IF;
  DELETE FROM ${schema}.changes;
  UPDATE ${schema}.feed SET epoch = replace(gen_random_uuid()::text, '-', ''), transaction = 0, place = 0;
END $$;

CREATE FUNCTION ${schema}.store_probe(given uuid) RETURNS boolean ${PLPGSQL} AS $$
BEGIN
  ${readCommitted}
  INSERT INTO ${schema}.probes VALUES (given);
  DELETE FROM ${schema}.probes WHERE value = given;
  RETURN FOUND;
END $$;
`;

export const POSTGRES_RECORDS: PostgresPart = {
  name: 'records',
  steps: [
    (schema) => [TABLES, WRITE, FEED].map((part) => part(`"${schema}"`)).join('\n'),
    (schema) => PUT(`"${schema}"`),
    (schema) => OWN_CHANGES(`"${schema}"`),
  ],
  opening: (schema) => `SELECT WHERE "${schema}".store_open()`,
};
