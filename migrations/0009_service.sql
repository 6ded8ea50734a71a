-- Up Migration
-- Why: a registry of services (MCP servers and others) that agents discover and use. Locks: none, only new objects.
-- Old code: not affected.

-- For names with typos and patterns. A trusted extension: the owner of a database may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE SCHEMA registry;
COMMENT ON SCHEMA registry IS 'Services that agents discover and use, what they need of each other, and their health.';

CREATE TYPE registry.service_build_type AS ENUM ('fastmcp', 'stub', 'external', 'official', 'custom', 'docker');
COMMENT ON TYPE registry.service_build_type IS 'How a service is made.';
CREATE TYPE registry.service_protocol AS ENUM ('stdio', 'http', 'websocket', 'tcp', 'unix_socket');
COMMENT ON TYPE registry.service_protocol IS 'How a service is spoken to.';
CREATE TYPE registry.service_priority AS ENUM ('critical', 'high', 'medium', 'low');
COMMENT ON TYPE registry.service_priority IS 'Which services matter most; in this order.';
CREATE TYPE registry.service_status AS ENUM ('healthy', 'unhealthy', 'unknown', 'maintenance', 'disabled');
COMMENT ON TYPE registry.service_status IS 'healthy and unhealthy are found by health checks; maintenance and disabled are set by people, and health checks leave them.';

-- Health figures change with every report. An update stays HOT (no index is touched) as long as no indexed column changes
-- its value, so what is asked of them stands in columns that are coarse, change rarely, and are indexed instead: such a
-- condition narrows, and the exact one beside it decides.
CREATE FUNCTION registry.response_time_class(response_time_ms double precision) RETURNS bigint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN CASE WHEN response_time_ms < 1 THEN 0 ELSE floor(log(response_time_ms)) + 1 END::bigint;
COMMENT ON FUNCTION registry.response_time_class(double precision) IS 'The number of digits before the point: 0 below 1 ms, 1 below 10 ms, 2 below 100 ms ...';

CREATE FUNCTION registry.seen_hour(seen_at timestamptz) RETURNS timestamptz
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN date_bin(interval '1 hour', seen_at, timestamptz '2000-01-01 00:00:00+00');
COMMENT ON FUNCTION registry.seen_hour(timestamptz) IS 'The hour that an instant is in.';

CREATE TABLE registry.service (
  service_id uuid NOT NULL DEFAULT core.new_id(),
  name text COLLATE "C" NOT NULL,
  display_name text,
  description text,
  build_type registry.service_build_type NOT NULL DEFAULT 'custom',
  protocol registry.service_protocol NOT NULL DEFAULT 'stdio',
  priority registry.service_priority NOT NULL DEFAULT 'medium',
  status registry.service_status NOT NULL DEFAULT 'unknown',
  location text,
  endpoint text,
  port bigint,
  version text,
  tags text[] NOT NULL DEFAULT '{}',
  metadata jsonb NOT NULL DEFAULT '{}',
  config jsonb NOT NULL DEFAULT '{}',
  health_check_url text,
  is_active boolean NOT NULL DEFAULT true,
  is_required boolean NOT NULL DEFAULT false,
  is_enabled boolean NOT NULL DEFAULT true,
  is_auto_start boolean NOT NULL DEFAULT false,
  source text,
  registry_url text,
  last_health_check_at timestamptz(3),
  response_time_ms double precision,
  last_seen_at timestamptz(3),
  success_count bigint NOT NULL DEFAULT 0,
  failure_count bigint NOT NULL DEFAULT 0,
  health_score double precision,
  created_by text NOT NULL DEFAULT core.actor(),
  updated_by text NOT NULL DEFAULT core.actor(),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  deleted_at timestamptz(3),
  success_percent bigint
    GENERATED ALWAYS AS (5 * (20 * success_count / nullif(success_count + failure_count, 0))) STORED,
  health_rank bigint NOT NULL
    GENERATED ALWAYS AS (coalesce(floor(health_score * 5)::bigint, -1)) STORED,
  response_time_class bigint NOT NULL
    GENERATED ALWAYS AS (coalesce(registry.response_time_class(response_time_ms), 100::bigint)) STORED,
  last_seen_hour timestamptz(3) GENERATED ALWAYS AS (registry.seen_hour(last_seen_at)) STORED,
  CONSTRAINT service_pkey PRIMARY KEY (service_id),
  CONSTRAINT service_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
  CONSTRAINT service_display_name_length CHECK (char_length(display_name) BETWEEN 1 AND 200),
  CONSTRAINT service_description_length CHECK (char_length(description) <= 10000),
  CONSTRAINT service_location_length CHECK (char_length(location) BETWEEN 1 AND 2000),
  CONSTRAINT service_endpoint_length CHECK (char_length(endpoint) BETWEEN 1 AND 2000),
  CONSTRAINT service_port_range CHECK (port BETWEEN 1 AND 65535),
  CONSTRAINT service_version_length CHECK (char_length(version) BETWEEN 1 AND 100),
  CONSTRAINT service_tags_elements CHECK (array_position(tags, NULL) IS NULL),
  CONSTRAINT service_metadata_object CHECK (jsonb_typeof(metadata) = 'object'),
  CONSTRAINT service_config_object CHECK (jsonb_typeof(config) = 'object'),
  CONSTRAINT service_health_check_url_length CHECK (char_length(health_check_url) BETWEEN 1 AND 2000),
  CONSTRAINT service_source_length CHECK (char_length(source) BETWEEN 1 AND 2000),
  CONSTRAINT service_registry_url_length CHECK (char_length(registry_url) BETWEEN 1 AND 2000),
  CONSTRAINT service_response_time_ms_range CHECK (response_time_ms >= 0 AND response_time_ms <= 1e9),
  CONSTRAINT service_success_count_range CHECK (success_count BETWEEN 0 AND 1000000000000000),
  CONSTRAINT service_failure_count_range CHECK (failure_count BETWEEN 0 AND 1000000000000000),
  CONSTRAINT service_health_score_range CHECK (health_score BETWEEN 0 AND 1),
  CONSTRAINT service_times_finite CHECK (
    isfinite(created_at)
    AND isfinite(updated_at)
    AND isfinite(deleted_at)
    AND isfinite(last_seen_at)
    AND isfinite(last_health_check_at)
  )
)
WITH (fillfactor = 70);

COMMENT ON TABLE registry.service IS 'A service that agents discover and use, such as an MCP server.';
COMMENT ON COLUMN registry.service.name IS 'Unique among those that are not deleted.';
COMMENT ON COLUMN registry.service.display_name IS 'NULL: the name is shown.';
COMMENT ON COLUMN registry.service.description IS 'NULL: none.';
COMMENT ON COLUMN registry.service.location IS 'Where it is kept: a path, an image, a package; NULL: not known.';
COMMENT ON COLUMN registry.service.endpoint IS 'Where it is reached; NULL: not known, or none.';
COMMENT ON COLUMN registry.service.port IS '1 to 65535; NULL: none.';
COMMENT ON COLUMN registry.service.version IS 'In any scheme; NULL: not known.';
COMMENT ON COLUMN registry.service.metadata IS 'An object: what is known of it beside the columns.';
COMMENT ON COLUMN registry.service.config IS '@secret An object: how it is set up. It may hold credentials: the change log never has its values.';
COMMENT ON COLUMN registry.service.health_check_url IS 'NULL: none.';
COMMENT ON COLUMN registry.service.is_active IS 'Whether it is in use at all.';
COMMENT ON COLUMN registry.service.is_required IS 'Whether agents cannot work without it.';
COMMENT ON COLUMN registry.service.is_enabled IS 'Whether agents may use it.';
COMMENT ON COLUMN registry.service.is_auto_start IS 'Whether it is started with the agents.';
COMMENT ON COLUMN registry.service.source IS 'Where it comes from, such as a repository; NULL: not known.';
COMMENT ON COLUMN registry.service.registry_url IS 'The registry that it was found in; NULL: none.';
COMMENT ON COLUMN registry.service.last_health_check_at IS '@noisy NULL: never checked.';
COMMENT ON COLUMN registry.service.response_time_ms IS '@noisy Of the latest health check that had an answer, in ms; NULL: none had.';
COMMENT ON COLUMN registry.service.last_seen_at IS '@noisy NULL: never seen.';
COMMENT ON COLUMN registry.service.success_count IS '@noisy Health checks that found it healthy.';
COMMENT ON COLUMN registry.service.failure_count IS '@noisy Health checks that found it unhealthy.';
COMMENT ON COLUMN registry.service.health_score IS '@noisy Share of successful health checks, 0 to 1, the recent ones weighted more; NULL: never checked.';
COMMENT ON COLUMN registry.service.created_by IS 'The actor that created it; kept by trigger.';
COMMENT ON COLUMN registry.service.updated_by IS '@noisy The actor of the last update that changed something other than health; kept by trigger.';
COMMENT ON COLUMN registry.service.created_at IS 'Never changes.';
COMMENT ON COLUMN registry.service.updated_at IS '@noisy Time of the last update that changed something other than health; kept by trigger.';
COMMENT ON COLUMN registry.service.deleted_at IS 'NULL: not deleted.';
COMMENT ON COLUMN registry.service.success_percent IS '@noisy Share of successful health checks in percent, rounded down to a multiple of five; NULL: never checked. Generated, for the index.';
COMMENT ON COLUMN registry.service.health_rank IS '@noisy Five times the health score, rounded down; -1: never checked. Generated, for the index.';
COMMENT ON COLUMN registry.service.response_time_class IS '@noisy See registry.response_time_class; 100: none. Generated, for the index.';
COMMENT ON COLUMN registry.service.last_seen_hour IS '@noisy See registry.seen_hour. Generated, for the index.';

-- Triggers fire in the order of their names: first what an update says of times and actors is put back, then a change is
-- stamped. Of the health figures alone nobody is told: they change with every report.
CREATE TRIGGER service_created
  BEFORE INSERT ON registry.service
  FOR EACH ROW
  EXECUTE FUNCTION core.keep_stamps();
CREATE TRIGGER service_hold_stamps
  BEFORE UPDATE ON registry.service
  FOR EACH ROW
  WHEN (
    (OLD.created_at, OLD.created_by, OLD.updated_at, OLD.updated_by)
      IS DISTINCT FROM (NEW.created_at, NEW.created_by, NEW.updated_at, NEW.updated_by)
  )
  EXECUTE FUNCTION core.hold_stamps();
CREATE TRIGGER service_keep_stamps
  BEFORE UPDATE ON registry.service
  FOR EACH ROW
  WHEN (
    (
      OLD.service_id,
      OLD.name,
      OLD.display_name,
      OLD.description,
      OLD.build_type,
      OLD.protocol,
      OLD.priority,
      OLD.status,
      OLD.location,
      OLD.endpoint,
      OLD.port,
      OLD.version,
      OLD.tags,
      OLD.metadata,
      OLD.config,
      OLD.health_check_url,
      OLD.is_active,
      OLD.is_required,
      OLD.is_enabled,
      OLD.is_auto_start,
      OLD.source,
      OLD.registry_url,
      OLD.deleted_at
    ) IS DISTINCT FROM (
      NEW.service_id,
      NEW.name,
      NEW.display_name,
      NEW.description,
      NEW.build_type,
      NEW.protocol,
      NEW.priority,
      NEW.status,
      NEW.location,
      NEW.endpoint,
      NEW.port,
      NEW.version,
      NEW.tags,
      NEW.metadata,
      NEW.config,
      NEW.health_check_url,
      NEW.is_active,
      NEW.is_required,
      NEW.is_enabled,
      NEW.is_auto_start,
      NEW.source,
      NEW.registry_url,
      NEW.deleted_at
    )
  )
  EXECUTE FUNCTION core.keep_stamps();

CREATE UNIQUE INDEX service_name_key ON registry.service (name) WHERE deleted_at IS NULL;
CREATE INDEX service_deleted_at_idx ON registry.service (deleted_at) WHERE deleted_at IS NOT NULL;
COMMENT ON INDEX registry.service_name_key IS 'Names are unique among those that are not deleted.';
COMMENT ON INDEX registry.service_deleted_at_idx IS 'Finds what is to be purged.';

-- Down Migration

-- pg_trgm stays: it may have been there before, and others may use it.
DROP TABLE registry.service;
DROP FUNCTION registry.seen_hour(timestamptz);
DROP FUNCTION registry.response_time_class(double precision);
DROP TYPE registry.service_status;
DROP TYPE registry.service_priority;
DROP TYPE registry.service_protocol;
DROP TYPE registry.service_build_type;
DROP SCHEMA registry;
