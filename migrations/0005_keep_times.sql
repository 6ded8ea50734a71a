-- Up Migration
-- Why: now() is when the transaction began. One that began before another's update wrote an earlier time over a later one,
-- even one before created_at. Locks: none but on the function. Old code: not affected.

CREATE OR REPLACE FUNCTION core.keep_times() RETURNS trigger
  LANGUAGE plpgsql
AS $$
BEGIN
  NEW.created_at := OLD.created_at;
  NEW.updated_at := OLD.updated_at;
  -- An update that changes nothing keeps its time; no indexed column then changes, and the update stays HOT.
  IF NEW IS DISTINCT FROM OLD THEN
    NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at);
  END IF;
  RETURN NEW;
END
$$;

-- Down Migration

CREATE OR REPLACE FUNCTION core.keep_times() RETURNS trigger
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
