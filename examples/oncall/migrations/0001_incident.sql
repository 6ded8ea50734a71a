-- Up Migration
-- Why: what is broken, since when, and how badly. Locks: SHARE ROW EXCLUSIVE on registry.service for an instant, for the foreign
-- key. Old code: not affected.

CREATE SCHEMA oncall;
COMMENT ON SCHEMA oncall IS 'Incidents of registered services.';

CREATE TYPE oncall.incident_severity AS ENUM ('minor', 'major', 'outage');
COMMENT ON TYPE oncall.incident_severity IS 'How much of a service fails.';

CREATE TABLE oncall.incident (
  incident_id uuid NOT NULL DEFAULT core.new_id(),
  service_id uuid NOT NULL,
  severity oncall.incident_severity NOT NULL,
  title text NOT NULL,
  opened_at timestamptz(3) NOT NULL DEFAULT now(),
  resolved_at timestamptz(3),
  CONSTRAINT incident_pkey PRIMARY KEY (incident_id),
  CONSTRAINT incident_service_id_fkey FOREIGN KEY (service_id) REFERENCES registry.service (service_id) ON DELETE CASCADE,
  CONSTRAINT incident_title_length CHECK (char_length(title) BETWEEN 1 AND 200),
  CONSTRAINT incident_resolved_order CHECK (resolved_at >= opened_at)
);
CREATE INDEX incident_opened_at_idx ON oncall.incident (opened_at DESC, incident_id DESC);

COMMENT ON TABLE oncall.incident IS 'One failure of a service. Goes with the service when that is removed for good.';
COMMENT ON COLUMN oncall.incident.resolved_at IS 'NULL: somebody is still at work on it.';

-- Down Migration

DROP TABLE oncall.incident;
DROP TYPE oncall.incident_severity;
DROP SCHEMA oncall;
