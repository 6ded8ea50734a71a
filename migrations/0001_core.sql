-- Up Migration
-- Why: ids and times that every domain shares. Locks: none, only new objects. Old code: not affected.

CREATE SCHEMA core;
COMMENT ON SCHEMA core IS 'What every domain shares: new ids, times kept by trigger.';

-- PostgreSQL 18 has uuidv7(). Before it, the same layout (RFC 9562, section 5.7): 48 bits of milliseconds over the
-- random bits of a version 4 UUID, and the version's two bits that turn 4 (0100) into 7 (0111).
DO $$
BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    CREATE FUNCTION core.new_id() RETURNS uuid
      LANGUAGE sql VOLATILE PARALLEL SAFE
      RETURN uuidv7();
  ELSE
    CREATE FUNCTION core.new_id() RETURNS uuid
      LANGUAGE sql VOLATILE PARALLEL SAFE
      RETURN encode(
        set_bit(
          set_bit(
            overlay(
              uuid_send(gen_random_uuid())
              PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
              FROM 1 FOR 6
            ),
            52,
            1
          ),
          53,
          1
        ),
        'hex'
      )::uuid;
  END IF;
END
$$;
COMMENT ON FUNCTION core.new_id() IS 'A new UUIDv7: ids sort by the time they were made, to the millisecond.';

CREATE FUNCTION core.keep_times() RETURNS trigger
  LANGUAGE plpgsql
AS $$
BEGIN
  NEW.created_at := OLD.created_at;
  NEW.updated_at := OLD.updated_at;
  -- An update that changes nothing keeps its time; no indexed column then changes, and the update stays HOT.
  IF NEW IS DISTINCT FROM OLD THEN
    NEW.updated_at := now();
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION core.keep_times() IS
  'BEFORE UPDATE trigger: created_at never changes, updated_at is the time of the last update that changed something.';

-- Down Migration

DROP FUNCTION core.keep_times();
DROP FUNCTION core.new_id();
DROP SCHEMA core;
