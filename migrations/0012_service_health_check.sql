-- Up Migration
-- Why: health checks of services, each one kept for a time, the formula of the health score, and an index for those not seen
-- for long. Locks: the foreign key and the index stop writes to registry.service (SHARE ROW EXCLUSIVE) while that is indexed.
-- Old code: not affected.

CREATE TYPE registry.health_check_status AS ENUM ('healthy', 'unhealthy');
COMMENT ON TYPE registry.health_check_status IS 'What a health check finds: those values of registry.service_status that no person sets.';

-- Beyond 1,000 checks 0.9^n is nothing beside 1, and beyond 7,000 power() refuses it as an underflow. Written as a step from
-- one score towards the other, so that successes alone stay exactly 1, and failures alone exactly 0.
CREATE FUNCTION registry.next_health_score(
  score double precision,
  check_count bigint,
  new_score double precision,
  new_check_count bigint
) RETURNS double precision
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE
    WHEN new_check_count = 0 THEN score
    WHEN score IS NULL THEN new_score
    ELSE least(1, greatest(0,
      score + (new_score - score)
        * (1 - power(0.9::double precision, least(new_check_count, 1000)))
        / (1 - power(0.9::double precision, least(check_count + new_check_count, 1000)))
    ))
  END;
COMMENT ON FUNCTION registry.next_health_score(double precision, bigint, double precision, bigint) IS
  'The mean of all checks (1: healthy, 0: unhealthy), each of which weighs 0.9 times the one after it: of the score of the first check_count checks, and that of the new ones behind them.';

-- By month: an old one is dropped whole. What has no month of its own yet goes into the default partition.
CREATE TABLE registry.service_health_check (
  service_health_check_id uuid NOT NULL DEFAULT core.new_id(),
  service_id uuid NOT NULL,
  checked_at timestamptz(3) NOT NULL DEFAULT now(),
  status registry.health_check_status NOT NULL,
  response_time_ms double precision,
  error text,
  reported_by text NOT NULL DEFAULT core.actor(),
  CONSTRAINT service_health_check_pkey PRIMARY KEY (checked_at, service_health_check_id),
  CONSTRAINT service_health_check_service_id_fkey
    FOREIGN KEY (service_id) REFERENCES registry.service (service_id) ON DELETE CASCADE,
  CONSTRAINT service_health_check_response_time_ms_range CHECK (response_time_ms >= 0 AND response_time_ms <= 1e9),
  CONSTRAINT service_health_check_error_length CHECK (char_length(error) BETWEEN 1 AND 1000),
  CONSTRAINT service_health_check_error_status CHECK (error IS NULL OR status = 'unhealthy')
)
PARTITION BY RANGE (checked_at);
CREATE TABLE registry.service_health_check_default PARTITION OF registry.service_health_check DEFAULT;

COMMENT ON TABLE registry.service_health_check IS 'A health check of a service, as it was reported. Time series: partitioned by month, old months are dropped.';
COMMENT ON COLUMN registry.service_health_check.service_health_check_id IS 'Sorts the checks of one time in the order in which they were taken in.';
COMMENT ON COLUMN registry.service_health_check.checked_at IS 'When it was checked, as the reporter says; else when the report was taken in.';
COMMENT ON COLUMN registry.service_health_check.response_time_ms IS 'In ms; NULL: there was no answer.';
COMMENT ON COLUMN registry.service_health_check.error IS 'Why it was found unhealthy, in short; NULL: not known, or healthy.';
COMMENT ON COLUMN registry.service_health_check.reported_by IS 'The actor that reported it.';
COMMENT ON TABLE registry.service_health_check_default IS 'Health checks of months that have no partition of their own.';
INSERT INTO core.partitioned_table (table_name, retention_days) VALUES ('registry.service_health_check', 90);

CREATE INDEX service_health_check_service_id_idx
  ON registry.service_health_check (service_id, checked_at DESC, service_health_check_id DESC);
COMMENT ON INDEX registry.service_health_check_service_id_idx IS 'Walks the checks of one service, newest first.';

-- The hour and not the time: see registry.seen_hour. Never seen comes first. Not of the living alone: as long as there are
-- no statistics, such an index is taken for one of few rows, and is read whole to look up an id or a name.
-- The table came a moment ago, with 0009.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX service_stale_idx
  ON registry.service ((coalesce(last_seen_hour, timestamptz 'epoch')));
COMMENT ON INDEX registry.service_stale_idx IS 'Finds the services that were not seen for long, the longest first; never seen counts as seen in 1970.';

-- Down Migration

-- squawk-ignore require-concurrent-index-deletion
DROP INDEX registry.service_stale_idx;
DELETE FROM core.partitioned_table WHERE table_name = 'registry.service_health_check';
DROP TABLE registry.service_health_check;
DROP FUNCTION registry.next_health_score(double precision, bigint, double precision, bigint);
DROP TYPE registry.health_check_status;
