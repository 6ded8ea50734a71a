-- Up Migration
-- Why: who is at work, as the caller tells it (`db.as({ actorId })`), for created_by, updated_by and the change log.
-- Locks: none, only new objects. Old code: not affected.

-- A setting of the transaction; one that was never set is NULL, and one that was set by an earlier transaction is empty.
CREATE FUNCTION core.actor() RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN coalesce(nullif(current_setting('ashlar.actor', true), ''), session_user);
COMMENT ON FUNCTION core.actor() IS 'Who is at work: the actor of the executor, and in psql the session user.';

CREATE FUNCTION core.keep_stamps() RETURNS trigger
  LANGUAGE plpgsql
AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.created_by := core.actor();
    NEW.updated_by := NEW.created_by;
  ELSE
    NEW.created_at := OLD.created_at;
    NEW.created_by := OLD.created_by;
    -- now() is when the transaction began, which may be before another's update.
    NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at);
    NEW.updated_by := core.actor();
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION core.keep_stamps() IS
  'BEFORE INSERT trigger, and BEFORE UPDATE where something has changed: created_at and created_by never change, updated_at and updated_by tell of the last such update.';

CREATE FUNCTION core.hold_stamps() RETURNS trigger
  LANGUAGE plpgsql
AS $$
BEGIN
  NEW.created_at := OLD.created_at;
  NEW.created_by := OLD.created_by;
  NEW.updated_at := OLD.updated_at;
  NEW.updated_by := OLD.updated_by;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION core.hold_stamps() IS
  'BEFORE UPDATE trigger: puts back what an update says of times and actors; beside a core.keep_stamps that not every update fires.';

-- Down Migration

DROP FUNCTION core.hold_stamps();
DROP FUNCTION core.keep_stamps();
DROP FUNCTION core.actor();
