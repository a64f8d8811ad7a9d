import { counted, RESERVE } from './postgres-limits-reserve.js';
import { PLPGSQL, type PostgresPart } from './postgres-schema.js';

/**
 * What limits keep. Times are whole milliseconds since 1970, sums and costs exact decimals (`numeric`).
 *
 * `limit_state` has one row: the latest time at which a key was forgotten.
 * `limit_keys`: a key is its SHA-256. `used` is the sum and `size` the number of its entries, `latest` the time of the last charge
 * or drop, `passed` a time up to which entries have been dropped, `empty_at` when all that are left will have passed.
 * `limit_reservations`: what may still be given back; its arrays have one element for each charge.
 * `limit_counts` says how many keys and reservations there are, in parts, so that transactions seldom wait for each other.
 */
const TABLES = (schema: string): string => `
CREATE TABLE ${schema}.limit_state (id integer PRIMARY KEY CHECK (id = 1), latest bigint NOT NULL);
INSERT INTO ${schema}.limit_state VALUES (1, 0);
CREATE TABLE ${schema}.limit_keys (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key bytea NOT NULL UNIQUE,
  period double precision NOT NULL, used numeric NOT NULL CHECK (used >= 0 AND used <> 'NaN'), size integer NOT NULL, latest bigint NOT NULL,
  passed bigint NOT NULL, empty_at bigint NOT NULL) WITH (fillfactor = 50);
CREATE TABLE ${schema}.limit_entries (key bigint NOT NULL, time bigint NOT NULL,
  cost numeric NOT NULL CHECK (cost > 0 AND cost <> 'NaN'), PRIMARY KEY (key, time));
CREATE TABLE ${schema}.limit_reservations (id uuid PRIMARY KEY, expires_at bigint NOT NULL, time bigint NOT NULL,
  places integer[] NOT NULL, keys bigint[] NOT NULL, costs numeric[] NOT NULL);
CREATE INDEX limit_reservations_by_end ON ${schema}.limit_reservations (expires_at);
CREATE TABLE ${schema}.limit_counts (part integer PRIMARY KEY, keys bigint NOT NULL, pending bigint NOT NULL) WITH (fillfactor = 10);
INSERT INTO ${schema}.limit_counts SELECT part, 0, 0 FROM generate_series(0, 63) AS part;
`;

/** How functions say why they do nothing: SQLSTATE, and in `LimitTrouble`. */
export const TROUBLES = { SL001: 'clock', SL002: 'keys', SL003: 'pending', SL004: 'damaged' } as const;

/** What several functions do. Locks are taken in this order, so that nobody waits in a circle: keys by their digests, state, counts. */
const HELPERS = (schema: string): string => `
-- The time of the ledger, which never goes back behind what was seen.
CREATE FUNCTION ${schema}.limit_now(clock double precision, seen bigint, skew double precision) RETURNS bigint ${PLPGSQL} AS $$
DECLARE
  latest bigint;
BEGIN
  SELECT greatest(state.latest, seen) INTO latest FROM ${schema}.limit_state AS state;
  IF latest IS NULL THEN RAISE EXCEPTION 'limit_state is empty' USING ERRCODE = 'SL004'; END IF;
  IF latest - clock > skew THEN RAISE EXCEPTION 'the clock stands behind' USING ERRCODE = 'SL001'; END IF;
  RETURN greatest(latest, floor(clock)::bigint);
END $$;

-- Forgets some keys that have passed and that nobody uses, and remembers that it was now. Returns how many.
CREATE FUNCTION ${schema}.limit_forget(now bigint, but bigint[]) RETURNS bigint ${PLPGSQL} AS $$
DECLARE
  forgotten bigint;
BEGIN
  WITH passed AS (
    SELECT number, size FROM ${schema}.limit_keys WHERE empty_at <= now AND number <> ALL (but) LIMIT 256 FOR UPDATE SKIP LOCKED
  ), few AS (
    SELECT number FROM (SELECT number, sum(size) OVER (ORDER BY number) - size AS before FROM passed) AS sizes WHERE before <= 10000
  ), entries AS (
    DELETE FROM ${schema}.limit_entries USING few WHERE key = few.number
  ), gone AS (
    DELETE FROM ${schema}.limit_keys USING few WHERE limit_keys.number = few.number RETURNING 1
  )
  SELECT count(*) INTO forgotten FROM gone;
  IF forgotten > 0 THEN UPDATE ${schema}.limit_state SET latest = now WHERE latest < now; END IF;
  RETURN forgotten;
END $$;

-- Merges neighbours into the later of them, until each pair holds more than four parts in \`most\` of what there is. Returns how many are left.
CREATE FUNCTION ${schema}.limit_merge(of_key bigint, most integer, amount numeric) RETURNS integer ${PLPGSQL} AS $$
DECLARE
  entry record;
  times bigint[] := '{}';
  costs numeric[] := '{}';
  last integer := 0;
BEGIN
  FOR entry IN SELECT time, cost FROM ${schema}.limit_entries WHERE key = of_key ORDER BY time LOOP
    IF last > 0 AND (costs[last] + entry.cost) * most <= amount * 4 THEN
      times[last] := entry.time;
      costs[last] := costs[last] + entry.cost;
    ELSE
      last := last + 1;
      times[last] := entry.time;
      costs[last] := entry.cost;
    END IF;
  END LOOP;
  DELETE FROM ${schema}.limit_entries WHERE key = of_key;
  INSERT INTO ${schema}.limit_entries SELECT of_key, time, cost FROM unnest(times, costs) AS kept (time, cost);
  RETURN last;
END $$;
`;

/** Neither is synced: what a failing machine loses of them counts too much, never too little. */
const SETTLE = (schema: string): string => `
CREATE FUNCTION ${schema}.limit_commit(of_id uuid) RETURNS void ${PLPGSQL} AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  DELETE FROM ${schema}.limit_reservations WHERE id = of_id;
  IF FOUND THEN ${counted(schema, '0', '-1')}; END IF;
END $$;

-- \`which\` is null for all.
CREATE FUNCTION ${schema}.limit_release(of_id uuid, which integer[], clock double precision, seen bigint, skew double precision)
  RETURNS bigint ${PLPGSQL} AS $$
#variable_conflict use_variable
DECLARE
  r ${schema}.limit_reservations%ROWTYPE;
  k ${schema}.limit_keys%ROWTYPE;
  holder record;
  now bigint;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  DELETE FROM ${schema}.limit_reservations AS reservations WHERE reservations.id = of_id RETURNING * INTO r;
  IF NOT FOUND THEN RETURN seen; END IF;
  FOR k IN SELECT * FROM ${schema}.limit_keys AS keys WHERE keys.number = ANY (r.keys) ORDER BY keys.key FOR UPDATE LOOP
    seen := greatest(seen, k.latest);
  END LOOP;
  now := ${schema}.limit_now(coalesce(clock, floor(extract(epoch FROM clock_timestamp()) * 1000)), seen, skew);
  FOR i IN 1..array_length(r.keys, 1) LOOP
    EXIT WHEN now >= r.expires_at;
    CONTINUE WHEN NOT r.places[i] = ANY (which);
    SELECT * INTO k FROM ${schema}.limit_keys AS keys WHERE keys.number = r.keys[i];
    CONTINUE WHEN NOT FOUND OR r.time <= k.passed OR k.empty_at <= now;
    -- Charges merge into later ones: the first entry at or after that time holds what was charged then.
    SELECT entries.time, entries.cost INTO holder FROM ${schema}.limit_entries AS entries
      WHERE entries.key = k.number AND entries.time >= r.time ORDER BY entries.time LIMIT 1;
    IF NOT FOUND OR holder.cost < r.costs[i] THEN
      RAISE EXCEPTION 'a key contradicts its entries' USING ERRCODE = 'SL004';
    END IF;
    IF holder.cost > r.costs[i] THEN
      UPDATE ${schema}.limit_entries AS entries SET cost = entries.cost - r.costs[i]
        WHERE entries.key = k.number AND entries.time = holder.time;
    ELSE
      DELETE FROM ${schema}.limit_entries AS entries WHERE entries.key = k.number AND entries.time = holder.time;
      k.size := k.size - 1;
    END IF;
    UPDATE ${schema}.limit_keys AS keys SET used = keys.used - r.costs[i], size = k.size, latest = now,
      empty_at = CASE WHEN k.size = 0 THEN now ELSE keys.empty_at END WHERE keys.number = k.number;
  END LOOP;
  ${counted(schema, '0', '-1')};
  RETURN now;
END $$;
`;

export const POSTGRES_LIMITS: PostgresPart = {
  name: 'limits',
  steps: [
    (schema) => [TABLES, HELPERS, RESERVE, SETTLE].map((part) => part(`"${schema}"`)).join('\n'),
    // Looks less often for what has expired.
    (schema) => RESERVE(`"${schema}"`),
  ],
};
