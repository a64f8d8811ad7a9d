import type { PostgresPart } from './postgres-schema.js';

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

/** How functions say why they do nothing: SQLSTATE, and in \`LimitTrouble\`. */
export const TROUBLES = { SL001: 'clock', SL002: 'keys', SL003: 'pending', SL004: 'damaged' } as const;

/** A statement that changes how many keys and reservations there are. */
const counted = (schema: string, keys: string, pending: string): string =>
  `UPDATE ${schema}.limit_counts AS counts SET keys = counts.keys + ${keys}, pending = counts.pending + ${pending}
    WHERE counts.part = pg_backend_pid() % 64`;

/** What several functions do. Locks are taken in this order, so that nobody waits in a circle: keys by their digests, state, counts. */
const HELPERS = (schema: string): string => `
-- The time of the ledger, which never goes back behind what was seen.
CREATE FUNCTION ${schema}.limit_now(clock double precision, seen bigint, skew double precision) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  latest bigint;
BEGIN
  SELECT greatest(state.latest, seen) INTO latest FROM ${schema}.limit_state AS state;
  IF latest IS NULL THEN RAISE EXCEPTION 'limit_state is empty' USING ERRCODE = 'SL004'; END IF;
  IF latest - clock > skew THEN RAISE EXCEPTION 'the clock stands behind' USING ERRCODE = 'SL001'; END IF;
  RETURN greatest(latest, floor(clock)::bigint);
END $$;

-- Forgets some keys that have passed and that nobody uses, and remembers that it was now. Returns how many.
CREATE FUNCTION ${schema}.limit_forget(now bigint, but bigint[]) RETURNS bigint LANGUAGE plpgsql AS $$
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
CREATE FUNCTION ${schema}.limit_merge(of_key bigint, most integer, amount numeric) RETURNS integer LANGUAGE plpgsql AS $$
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

/** Charges all or none. \`clock\` is null for the server's own, which is asked when all keys are locked. */
const RESERVE = (schema: string): string => `
CREATE FUNCTION ${schema}.limit_reserve(id uuid, digests bytea[], totals numeric[], leasts numeric[], widths double precision[],
  at integer[], amounts numeric[], costs numeric[], periods double precision[], mosts integer[], ttl double precision,
  clock double precision, seen bigint, skew double precision, max_keys bigint, max_pending bigint,
  OUT ok boolean, OUT place integer, OUT remaining numeric[], OUT retry double precision, OUT now bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  n integer := coalesce(array_length(digests, 1), 0);
  m integer := coalesce(array_length(at, 1), 0);
  k ${schema}.limit_keys%ROWTYPE;
  numbers bigint[];
  useds numeric[];
  keeps double precision[];
  sizes integer[];
  passeds bigint[];
  ends bigint[];
  changed boolean;
  fresh bigint := 0;
  expired bigint;
  held record;
  left_over numeric;
  free double precision;
  latest double precision := '-Infinity';
  dropped record;
BEGIN
  FOR i IN 1..n LOOP
    LOOP
      SELECT * INTO k FROM ${schema}.limit_keys AS keys WHERE keys.key = digests[i] FOR UPDATE;
      EXIT WHEN FOUND OR totals[i] = 0 OR totals[i] > leasts[i];
      INSERT INTO ${schema}.limit_keys (key, period, used, size, latest, passed, empty_at) VALUES (digests[i], 0, 0, 0, 0, 0, 0)
        ON CONFLICT DO NOTHING RETURNING * INTO k;
      IF FOUND THEN
        fresh := fresh + 1;
        EXIT;
      END IF;
    END LOOP;
    numbers[i] := k.number;
    useds[i] := coalesce(k.used, 0);
    keeps[i] := coalesce(k.period, 0);
    sizes[i] := coalesce(k.size, 0);
    passeds[i] := coalesce(k.passed, 0);
    ends[i] := coalesce(k.empty_at, 0);
    seen := greatest(seen, k.latest);
  END LOOP;
  clock := coalesce(clock, floor(extract(epoch FROM clock_timestamp()) * 1000));
  now := ${schema}.limit_now(clock, seen, skew);

  FOR i IN 1..n LOOP
    changed := false;
    IF ends[i] <= now THEN
      IF sizes[i] > 0 THEN
        DELETE FROM ${schema}.limit_entries AS entries WHERE entries.key = numbers[i];
        changed := true;
      END IF;
      useds[i] := 0;
      keeps[i] := 0;
      sizes[i] := 0;
      passeds[i] := now - 1;
    ELSE
      WITH gone AS (
        DELETE FROM ${schema}.limit_entries AS entries WHERE entries.key = numbers[i]
          AND entries.time <= floor(greatest(now - keeps[i], -1))::bigint RETURNING entries.time, entries.cost
      )
      SELECT count(*) AS size, sum(gone.cost) AS cost, max(gone.time) AS time INTO dropped FROM gone;
      IF dropped.size > 0 THEN
        useds[i] := useds[i] - dropped.cost;
        sizes[i] := sizes[i] - dropped.size;
        passeds[i] := dropped.time;
        changed := true;
      END IF;
    END IF;
    IF sizes[i] < 0 OR useds[i] < 0 OR (sizes[i] = 0) <> (useds[i] = 0) THEN
      RAISE EXCEPTION 'a key contradicts its entries' USING ERRCODE = 'SL004';
    END IF;
    IF changed THEN
      UPDATE ${schema}.limit_keys AS keys SET used = useds[i], size = sizes[i], latest = now, passed = passeds[i],
        empty_at = CASE WHEN sizes[i] = 0 THEN now ELSE keys.empty_at END WHERE keys.number = numbers[i];
    END IF;
    keeps[i] := greatest(keeps[i], widths[i]);
  END LOOP;

  ok := true;
  FOR c IN 1..m LOOP
    left_over := amounts[c];
    IF periods[c] >= keeps[at[c]] THEN
      left_over := left_over - useds[at[c]];
    ELSE
      left_over := left_over - (SELECT coalesce(sum(entries.cost), 0) FROM ${schema}.limit_entries AS entries
        WHERE entries.key = numbers[at[c]] AND entries.time > floor(greatest(now - periods[c], -1))::bigint);
    END IF;
    remaining[c] := left_over;
    IF totals[at[c]] > left_over THEN
      ok := false;
      free := 'Infinity';
      IF totals[at[c]] <= amounts[c] THEN
        SELECT sums.time + periods[c] INTO free FROM (
          SELECT entries.time, sum(entries.cost) OVER (ORDER BY entries.time) AS freed FROM ${schema}.limit_entries AS entries
          WHERE entries.key = numbers[at[c]] AND entries.time > floor(greatest(now - periods[c], -1))::bigint
        ) AS sums WHERE sums.freed >= totals[at[c]] - left_over ORDER BY sums.time LIMIT 1;
        IF free IS NULL THEN RAISE EXCEPTION 'a key contradicts its entries' USING ERRCODE = 'SL004'; END IF;
      END IF;
      IF free > latest THEN
        place := c - 1;
        latest := free;
      END IF;
    END IF;
  END LOOP;
  IF NOT ok THEN
    retry := CASE WHEN latest < 'Infinity' THEN ceil(latest - clock) END;
    IF fresh > 0 THEN DELETE FROM ${schema}.limit_keys AS keys WHERE keys.number = ANY (numbers) AND keys.latest = 0; END IF;
    -- Nothing that must not be lost.
    PERFORM set_config('synchronous_commit', 'off', true);
    RETURN;
  END IF;
  FOR c IN 1..m LOOP
    remaining[c] := remaining[c] - totals[at[c]];
  END LOOP;
  IF NOT EXISTS (SELECT FROM unnest(totals) AS total WHERE total > 0) THEN RETURN; END IF;

  WITH gone AS (
    DELETE FROM ${schema}.limit_reservations AS reservations WHERE reservations.id = ANY (ARRAY (
      SELECT old.id FROM ${schema}.limit_reservations AS old WHERE old.expires_at <= now ORDER BY old.expires_at LIMIT 64 FOR UPDATE SKIP LOCKED
    )) RETURNING 1
  )
  SELECT count(*) INTO expired FROM gone;
  SELECT sum(counts.keys) + fresh AS keys, sum(counts.pending) - expired AS pending INTO held FROM ${schema}.limit_counts AS counts;
  IF fresh > 0 AND (held.keys > max_keys OR numbers[1] % 64 = 0) THEN
    free := ${schema}.limit_forget(now, array_remove(numbers, NULL));
    fresh := fresh - free::bigint;
    held.keys := held.keys - free::bigint;
  END IF;
  IF fresh > 0 AND held.keys > max_keys THEN RAISE EXCEPTION 'too many keys' USING ERRCODE = 'SL002'; END IF;
  IF held.pending >= max_pending THEN RAISE EXCEPTION 'too many reservations' USING ERRCODE = 'SL003'; END IF;

  FOR i IN 1..n LOOP
    CONTINUE WHEN totals[i] = 0;
    INSERT INTO ${schema}.limit_entries AS entries (key, time, cost) VALUES (numbers[i], now, totals[i])
      ON CONFLICT (key, time) DO UPDATE SET cost = entries.cost + excluded.cost RETURNING entries.cost INTO left_over;
    IF left_over = totals[i] THEN sizes[i] := sizes[i] + 1; END IF;
    useds[i] := useds[i] + totals[i];
    FOR c IN 1..m LOOP
      IF at[c] = i AND costs[c] > 0 AND sizes[i] > mosts[c] THEN
        sizes[i] := ${schema}.limit_merge(numbers[i], mosts[c], greatest(amounts[c], useds[i]));
      END IF;
    END LOOP;
    UPDATE ${schema}.limit_keys AS keys SET period = keeps[i], used = useds[i], size = sizes[i], latest = now, passed = passeds[i],
      empty_at = least(ceil(now + keeps[i]), 9007199254740991)::bigint WHERE keys.number = numbers[i];
  END LOOP;
  INSERT INTO ${schema}.limit_reservations (id, expires_at, time, places, keys, costs)
    SELECT id, least(ceil(now + ttl), 9007199254740991)::bigint, now,
      array_agg((c - 1)::integer ORDER BY c), array_agg(numbers[at[c]] ORDER BY c), array_agg(costs[c] ORDER BY c)
    FROM generate_series(1, m) AS c WHERE costs[c] > 0;
  ${counted(schema, 'fresh', '1 - expired')};
END $$;
`;

/** Neither is synced: what a failing machine loses of them counts too much, never too little. */
const SETTLE = (schema: string): string => `
CREATE FUNCTION ${schema}.limit_commit(of_id uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  DELETE FROM ${schema}.limit_reservations WHERE id = of_id;
  IF FOUND THEN ${counted(schema, '0', '-1')}; END IF;
END $$;

-- \`which\` is null for all.
CREATE FUNCTION ${schema}.limit_release(of_id uuid, which integer[], clock double precision, seen bigint, skew double precision)
  RETURNS bigint LANGUAGE plpgsql AS $$
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
  steps: [(schema) => [TABLES, HELPERS, RESERVE, SETTLE].map((part) => part(`"${schema}"`)).join('\n')],
};
