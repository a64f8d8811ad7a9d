import { PLPGSQL } from './postgres-schema.js';

/** A statement that changes how many keys and reservations there are. */
export const counted = (schema: string, keys: string, pending: string): string =>
  `UPDATE ${schema}.limit_counts AS counts SET keys = counts.keys + ${keys}, pending = counts.pending + ${pending}
    WHERE counts.part = pg_backend_pid() % 64`;

/** Charges all or none. `clock` is null for the server's own, which is asked when all keys are locked. */
export const RESERVE = (schema: string): string => `
CREATE OR REPLACE FUNCTION ${schema}.limit_reserve(id uuid, digests bytea[], totals numeric[], leasts numeric[], widths double precision[],
  at integer[], amounts numeric[], costs numeric[], periods double precision[], mosts integer[], ttl double precision,
  clock double precision, seen bigint, skew double precision, max_keys bigint, max_pending bigint,
  OUT ok boolean, OUT place integer, OUT remaining numeric[], OUT retry double precision, OUT now bigint) ${PLPGSQL} AS $$
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
  expired bigint := 0;
  forgotten bigint;
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

  SELECT sum(counts.keys) + fresh AS keys, sum(counts.pending) AS pending INTO held FROM ${schema}.limit_counts AS counts;
  -- Seldom, or where they are in the way: until the server vacuums, each look passes over all that were ever settled.
  IF held.pending >= max_pending OR get_byte(uuid_send(id), 15) % 64 = 0 THEN
    WITH gone AS (
      DELETE FROM ${schema}.limit_reservations AS reservations WHERE reservations.id = ANY (ARRAY (
        SELECT old.id FROM ${schema}.limit_reservations AS old WHERE old.expires_at <= now ORDER BY old.expires_at LIMIT 256 FOR UPDATE SKIP LOCKED
      )) RETURNING 1
    )
    SELECT count(*) INTO expired FROM gone;
    held.pending := held.pending - expired;
  END IF;
  IF fresh > 0 AND (held.keys > max_keys OR numbers[1] % 64 = 0) THEN
    forgotten := ${schema}.limit_forget(now, array_remove(numbers, NULL));
    fresh := fresh - forgotten;
    held.keys := held.keys - forgotten;
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
