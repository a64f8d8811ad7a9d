import { REFUSED } from './postgres-errors.js';
import { MAX_LEAF_BYTES, TILE_WIDTH } from './tile-format.js';

/** What others have put into the schemas of a session's search path is not called by our functions. */
const PLPGSQL = 'LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp';

/**
 * Appends records, if the log ends where they begin, and does so once for each number of a batch: whoever has lost the answer asks
 * again with the same number. All appends take their turn at the row of `audit_head`.
 */
export const APPEND = (schema: string): string => `
CREATE FUNCTION ${schema}.audit_append(me bigint, number bigint, at bigint, leaf_starts integer[], leaf_lengths integer[], leaves bytea,
  opens bigint[], closes bigint[], sealed_at bigint[], sealed_starts integer[], sealed_lengths integer[], sealed bytea)
  RETURNS TABLE (appended boolean, size bigint) ${PLPGSQL} AS $$
DECLARE
  known record;
BEGIN
  -- A server that acknowledges what it may lose is told not to, here.
  IF current_setting('synchronous_commit') = 'off' THEN PERFORM set_config('synchronous_commit', 'on', true); END IF;
  SELECT head.size INTO STRICT size FROM ${schema}.audit_head AS head FOR UPDATE;
  SELECT writers.batch, writers.size INTO known FROM ${schema}.audit_writers AS writers WHERE writers.id = me;
  IF known.batch = number THEN
    appended := true;
    size := known.size;
    RETURN NEXT;
    RETURN;
  END IF;
  appended := coalesce(known.batch < number, true) AND size = at;
  IF NOT appended THEN
    RETURN NEXT;
    RETURN;
  END IF;
  INSERT INTO ${schema}.audit_records (idx, leaf)
    SELECT at + part.place - 1, substring(leaves FROM part.start FOR part.length)
    FROM unnest(leaf_starts, leaf_lengths) WITH ORDINALITY AS part (start, length, place);
  size := at + cardinality(leaf_starts);
  IF cardinality(opens) > 0 THEN
    INSERT INTO ${schema}.audit_permits (idx, writer) SELECT idx, me FROM unnest(opens) AS idx;
  END IF;
  IF cardinality(closes) > 0 THEN
    DELETE FROM ${schema}.audit_permits AS permits WHERE permits.idx = ANY (closes);
  END IF;
  IF cardinality(sealed_at) > 0 THEN
    INSERT INTO ${schema}.audit_sealed (idx, bytes) SELECT part.idx, substring(sealed FROM part.start FOR part.length)
      FROM unnest(sealed_at, sealed_starts, sealed_lengths) AS part (idx, start, length);
  END IF;
  UPDATE ${schema}.audit_head AS head SET size = at + cardinality(leaf_starts);
  INSERT INTO ${schema}.audit_writers AS writers VALUES (me, number, at + cardinality(leaf_starts), now())
    ON CONFLICT (id) DO UPDATE SET batch = excluded.batch, size = excluded.size, seen = excluded.seen;
  RETURN NEXT;
END $$;
`;

/** Writes tiles, the wider of two. Nobody is shown more of them than the checkpoint covers. */
export const STAGE = (schema: string): string => `
CREATE FUNCTION ${schema}.audit_stage(levels integer[], places bigint[], starts integer[], lengths integer[], hashes bytea)
  RETURNS void ${PLPGSQL} AS $$
BEGIN
  IF current_setting('synchronous_commit') = 'off' THEN PERFORM set_config('synchronous_commit', 'on', true); END IF;
  INSERT INTO ${schema}.audit_tiles AS tiles (level, idx, hashes)
    SELECT part.level, part.idx, substring(hashes FROM part.start FOR part.length)
    FROM unnest(levels, places, starts, lengths) AS part (level, idx, start, length)
    ON CONFLICT (level, idx) DO UPDATE SET hashes = excluded.hashes WHERE length(excluded.hashes) > length(tiles.hashes);
END $$;
`;

/** Publishes a checkpoint with its tiles, if the one before is still there; and once: asked again it says that it is done. */
export const PUBLISH = (schema: string): string => `
CREATE FUNCTION ${schema}.audit_publish(before text, next text, next_size bigint, levels integer[], places bigint[], starts integer[],
  lengths integer[], hashes bytea) RETURNS boolean ${PLPGSQL} AS $$
DECLARE
  known record;
  durable bigint;
BEGIN
  IF current_setting('synchronous_commit') = 'off' THEN PERFORM set_config('synchronous_commit', 'on', true); END IF;
  SELECT log.checkpoint, log.size INTO STRICT known FROM ${schema}.audit_log AS log FOR UPDATE;
  IF known.checkpoint = next THEN RETURN true; END IF;
  IF known.checkpoint IS DISTINCT FROM before THEN RETURN false; END IF;
  SELECT head.size INTO STRICT durable FROM ${schema}.audit_head AS head;
  IF next_size < known.size OR next_size > durable THEN
    RAISE EXCEPTION 'the size of a checkpoint must be from % to % here, not %', known.size, durable, next_size
      USING ERRCODE = '${REFUSED}';
  END IF;
  PERFORM ${schema}.audit_stage(levels, places, starts, lengths, hashes);
  UPDATE ${schema}.audit_log AS log SET checkpoint = next, size = next_size;
  RETURN true;
END $$;
`;

/** The entries of a range as a bundle of C2SP tlog-tiles, and how many there are. */
export const BUNDLE = (schema: string): string => `
CREATE FUNCTION ${schema}.audit_bundle(since bigint, until bigint) RETURNS TABLE (entries bigint, bundle bytea) ${PLPGSQL} AS $$
BEGIN
  RETURN QUERY SELECT count(*), string_agg(substring(int4send(length(leaf)) FROM 3) || leaf, ''::bytea ORDER BY idx)
    FROM ${schema}.audit_records WHERE idx >= since AND idx < until AND length(leaf) <= ${MAX_LEAF_BYTES};
END $$;
`;

/** Removes what lies before an index, whole tiles only: the first part of what is wanted, or nothing if that is too much. */
export const PRUNE = (schema: string): string => `
CREATE FUNCTION ${schema}.audit_prune(before bigint, wanted bigint) RETURNS void ${PLPGSQL} AS $$
DECLARE
  known record;
  span bigint := ${TILE_WIDTH};
BEGIN
  SELECT log.first, log.size INTO STRICT known FROM ${schema}.audit_log AS log FOR UPDATE;
  IF wanted > known.size THEN
    RAISE EXCEPTION 'only % entries are published and can be pruned', known.size USING ERRCODE = '${REFUSED}';
  END IF;
  IF before <= known.first THEN RETURN; END IF;
  UPDATE ${schema}.audit_log SET first = before;
  DELETE FROM ${schema}.audit_records WHERE idx < before;
  DELETE FROM ${schema}.audit_sealed WHERE idx < before;
  FOR high IN 0..5 LOOP
    DELETE FROM ${schema}.audit_tiles WHERE level = high AND (idx + 1) * span <= before;
    span := span * ${TILE_WIDTH};
  END LOOP;
END $$;
`;

/**
 * Who writes holds a lock of his number, shared, for as long as his connection lives. The permits of those who hold none become the
 * caller's; the names of those who have been gone for a day, and have left none, are forgotten.
 */
export const UNSETTLED = (schema: string): string => `
CREATE FUNCTION ${schema}.audit_unsettled(me bigint, most integer) RETURNS SETOF bigint ${PLPGSQL} AS $$
DECLARE
  gone bigint[];
BEGIN
  SELECT array_agg(writers.id) INTO gone FROM ${schema}.audit_writers AS writers WHERE writers.id <> me AND NOT EXISTS (
    SELECT FROM pg_locks AS held WHERE held.locktype = 'advisory' AND held.objsubid = 1 AND held.granted
      AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (held.classid::bigint << 32) | held.objid::bigint = writers.id);
  UPDATE ${schema}.audit_permits AS permits SET writer = me, left_behind = true WHERE permits.writer = ANY (gone);
  DELETE FROM ${schema}.audit_writers AS writers WHERE writers.id = ANY (gone) AND writers.seen < now() - interval '1 day';
  RETURN QUERY SELECT permits.idx FROM ${schema}.audit_permits AS permits WHERE permits.writer = me AND permits.left_behind
    ORDER BY permits.idx LIMIT most;
END $$;
`;
