-- Up Migration
-- Why: changes that somebody asks an agent to make, from the request to its outcome. Locks: SHARE ROW EXCLUSIVE on
-- agent.project_context for the foreign key, for a moment: the new table is empty. Old code: not affected.

CREATE TYPE agent.modification_status AS ENUM ('pending', 'approved', 'applied', 'failed', 'rejected');
COMMENT ON TYPE agent.modification_status IS
  'pending: waits for a decision; approved: may be carried out; applied, failed: was carried out, with or without success; rejected: will not be.';

-- An expression and not a generated column: BEFORE triggers see that empty, and core.keep_times would take every update
-- for a change.
CREATE FUNCTION agent.risk_rank(impact_analysis jsonb) RETURNS integer
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN coalesce(array_position(ARRAY['low', 'medium', 'high', 'critical'], impact_analysis ->> 'risk'), 0);
COMMENT ON FUNCTION agent.risk_rank(jsonb) IS 'The risk that an analysis found: 1 (low) to 4 (critical); 0: not analysed.';

CREATE TABLE agent.modification (
  modification_id uuid NOT NULL DEFAULT core.new_id(),
  project_context_id uuid NOT NULL,
  request text NOT NULL,
  requested_by text NOT NULL,
  status agent.modification_status NOT NULL DEFAULT 'pending',
  impact_analysis jsonb,
  affected_files text[] NOT NULL DEFAULT '{}',
  result jsonb,
  decided_by text,
  decision_note text,
  decided_at timestamptz(3),
  applied_at timestamptz(3),
  failed_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT modification_pkey PRIMARY KEY (modification_id),
  CONSTRAINT modification_project_context_id_fkey
    FOREIGN KEY (project_context_id) REFERENCES agent.project_context (project_context_id) ON DELETE CASCADE,
  CONSTRAINT modification_request_length CHECK (char_length(request) BETWEEN 1 AND 20000),
  CONSTRAINT modification_requested_by_length CHECK (char_length(requested_by) BETWEEN 1 AND 200),
  CONSTRAINT modification_impact_analysis_object CHECK (jsonb_typeof(impact_analysis) = 'object'),
  CONSTRAINT modification_impact_analysis_risk CHECK (
    impact_analysis IS NULL
    OR coalesce(impact_analysis -> 'risk' IN ('"low"', '"medium"', '"high"', '"critical"'), FALSE)
  ),
  CONSTRAINT modification_impact_analysis_affected_components
    CHECK (jsonb_typeof(impact_analysis -> 'affectedComponents') = 'array'),
  CONSTRAINT modification_impact_analysis_estimate CHECK (jsonb_typeof(impact_analysis -> 'estimate') = 'object'),
  CONSTRAINT modification_affected_files_elements
    CHECK (array_position(affected_files, NULL) IS NULL AND array_position(affected_files, '') IS NULL),
  CONSTRAINT modification_result_object CHECK (jsonb_typeof(result) = 'object'),
  CONSTRAINT modification_result_status CHECK (result IS NULL OR status IN ('applied', 'failed')),
  CONSTRAINT modification_decided_by_length CHECK (char_length(decided_by) BETWEEN 1 AND 200),
  CONSTRAINT modification_decided_by_status CHECK ((decided_by IS NOT NULL) = (status <> 'pending')),
  CONSTRAINT modification_decision_note_length CHECK (char_length(decision_note) <= 10000),
  CONSTRAINT modification_decision_note_status CHECK (decision_note IS NULL OR status <> 'pending'),
  CONSTRAINT modification_decided_at_status CHECK ((decided_at IS NOT NULL) = (status <> 'pending')),
  CONSTRAINT modification_decided_at_order CHECK (decided_at >= created_at),
  CONSTRAINT modification_applied_at_status CHECK ((applied_at IS NOT NULL) = (status = 'applied')),
  CONSTRAINT modification_applied_at_order CHECK (applied_at >= decided_at),
  CONSTRAINT modification_failed_at_status CHECK ((failed_at IS NOT NULL) = (status = 'failed')),
  CONSTRAINT modification_failed_at_order CHECK (failed_at >= decided_at)
);

COMMENT ON TABLE agent.modification IS
  'A change that somebody asks an agent to make to a project. Goes with its project context when that is deleted.';
COMMENT ON COLUMN agent.modification.request IS 'What is asked for. Fixed, as are who asks, analysis, files and project, once it is decided.';
COMMENT ON COLUMN agent.modification.requested_by IS 'Who asks: a person, an agent or a tool, by a name of the caller''s choice.';
COMMENT ON COLUMN agent.modification.status IS
  'Begins as pending; then pending to approved or rejected, approved to applied or failed, and nothing else.';
COMMENT ON COLUMN agent.modification.impact_analysis IS
  'What the change would do, an object: risk, affected components, estimate; NULL: not analysed.';
COMMENT ON COLUMN agent.modification.affected_files IS 'Paths of the files that the change would touch.';
COMMENT ON COLUMN agent.modification.result IS 'What came of it, an object, of applied and failed ones; NULL: nothing was told.';
COMMENT ON COLUMN agent.modification.decided_by IS 'Who approved or rejected it; NULL: pending.';
COMMENT ON COLUMN agent.modification.decision_note IS 'Why it was approved or rejected; NULL: nothing was said.';
COMMENT ON COLUMN agent.modification.decided_at IS 'Set by trigger when it is approved or rejected; NULL: pending.';
COMMENT ON COLUMN agent.modification.applied_at IS 'Set by trigger; NULL: not applied.';
COMMENT ON COLUMN agent.modification.failed_at IS 'Set by trigger; NULL: has not failed.';
COMMENT ON COLUMN agent.modification.created_at IS 'Never changes.';
COMMENT ON COLUMN agent.modification.updated_at IS 'Time of the last update that changed something; kept by trigger.';

COMMENT ON COLUMN agent.project_context.iteration IS 'How often metrics were recorded, and modifications applied.';

CREATE FUNCTION agent.check_modification_status() RETURNS trigger
  LANGUAGE plpgsql
AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'pending' THEN
      RAISE EXCEPTION 'a modification cannot begin as %', NEW.status
        USING
          HINT = 'It begins as pending.',
          ERRCODE = 'check_violation',
          CONSTRAINT = 'modification_status_transition',
          SCHEMA = TG_TABLE_SCHEMA,
          TABLE = TG_TABLE_NAME,
          COLUMN = 'status';
    END IF;
  ELSIF (OLD.status, NEW.status) NOT IN (
    ('pending', 'approved'),
    ('pending', 'rejected'),
    ('approved', 'applied'),
    ('approved', 'failed')
  ) THEN
    RAISE EXCEPTION 'a modification cannot go from % to %', OLD.status, NEW.status
      USING
        HINT = 'Legal are pending to approved or rejected, and approved to applied or failed.',
        ERRCODE = 'check_violation',
        CONSTRAINT = 'modification_status_transition',
        SCHEMA = TG_TABLE_SCHEMA,
        TABLE = TG_TABLE_NAME,
        COLUMN = 'status';
  -- Not now(): a transaction that began before the row came to be would decide on it before that. And not before the
  -- step that went ahead, should the clock be put back: no duration is negative.
  ELSIF NEW.status IN ('approved', 'rejected') THEN
    NEW.decided_at := greatest(clock_timestamp(), OLD.created_at);
  ELSIF NEW.status = 'applied' THEN
    NEW.applied_at := greatest(clock_timestamp(), OLD.decided_at);
  ELSIF NEW.status = 'failed' THEN
    NEW.failed_at := greatest(clock_timestamp(), OLD.decided_at);
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION agent.check_modification_status() IS
  'BEFORE INSERT OR UPDATE OF status trigger: refuses all but the legal transitions, and sets the time of each.';

CREATE FUNCTION agent.guard_modification_decision() RETURNS trigger
  LANGUAGE plpgsql
AS $$
BEGIN
  IF (
    (NEW.decided_by, NEW.decision_note, NEW.decided_at) IS DISTINCT FROM (OLD.decided_by, OLD.decision_note, OLD.decided_at)
    AND NOT (OLD.status = 'pending' AND NEW.status IN ('approved', 'rejected'))
  ) OR (
    (NEW.result, NEW.applied_at, NEW.failed_at) IS DISTINCT FROM (OLD.result, OLD.applied_at, OLD.failed_at)
    AND NOT (OLD.status = 'approved' AND NEW.status IN ('applied', 'failed'))
  ) THEN
    RAISE EXCEPTION 'who decided, why, when and with what result changes only together with the status'
      USING
        ERRCODE = 'check_violation',
        CONSTRAINT = 'modification_decision_update',
        SCHEMA = TG_TABLE_SCHEMA,
        TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION agent.guard_modification_decision() IS
  'BEFORE UPDATE trigger: who decided, why, when and what came of it change with the status or not at all.';

CREATE FUNCTION agent.guard_modification_request() RETURNS trigger
  LANGUAGE plpgsql
AS $$
BEGIN
  -- Also not in the very statement that decides: what is approved is what stood there to be read.
  IF OLD.status <> 'pending' OR NEW.status <> 'pending' THEN
    RAISE EXCEPTION 'only a pending modification can be changed'
      USING
        HINT = 'Make a new one for what is to be done otherwise.',
        ERRCODE = 'check_violation',
        CONSTRAINT = 'modification_pending_update',
        SCHEMA = TG_TABLE_SCHEMA,
        TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION agent.guard_modification_request() IS
  'BEFORE UPDATE trigger: what a decision is about can be changed until then.';

CREATE FUNCTION agent.count_modification() RETURNS trigger
  LANGUAGE plpgsql
AS $$
BEGIN
  UPDATE agent.project_context
  SET iteration = iteration + 1
  WHERE project_context_id = NEW.project_context_id;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION agent.count_modification() IS
  'AFTER UPDATE OF status trigger: an applied modification counts as an iteration of its project context.';

-- They run in the order of their names: an illegal change of status is told before what else is wrong with it, and
-- keep_times sees what the others set. A trigger OF a column runs whenever SET names it, also with the value it has:
-- approving twice is refused.
CREATE TRIGGER modification_check_status
  BEFORE INSERT OR UPDATE OF status ON agent.modification
  FOR EACH ROW EXECUTE FUNCTION agent.check_modification_status();
CREATE TRIGGER modification_guard_decision
  BEFORE UPDATE OF decided_by, decision_note, decided_at, result, applied_at, failed_at ON agent.modification
  FOR EACH ROW EXECUTE FUNCTION agent.guard_modification_decision();
CREATE TRIGGER modification_guard_request
  BEFORE UPDATE OF project_context_id, request, requested_by, impact_analysis, affected_files ON agent.modification
  FOR EACH ROW EXECUTE FUNCTION agent.guard_modification_request();
CREATE TRIGGER modification_keep_times
  BEFORE UPDATE ON agent.modification
  FOR EACH ROW EXECUTE FUNCTION core.keep_times();
CREATE TRIGGER modification_count
  AFTER UPDATE OF status ON agent.modification
  FOR EACH ROW WHEN (NEW.status = 'applied') EXECUTE FUNCTION agent.count_modification();

CREATE INDEX modification_project_context_id_idx ON agent.modification (project_context_id, created_at, modification_id);
CREATE INDEX modification_status_idx ON agent.modification (status, project_context_id);
CREATE INDEX modification_requested_by_idx ON agent.modification (requested_by);
CREATE INDEX modification_created_at_idx ON agent.modification (created_at, modification_id);
CREATE INDEX modification_updated_at_idx ON agent.modification (updated_at, modification_id);
CREATE INDEX modification_decided_at_idx ON agent.modification (decided_at);
CREATE INDEX modification_risk_idx ON agent.modification (agent.risk_rank(impact_analysis), modification_id);
CREATE INDEX modification_affected_files_idx ON agent.modification USING gin (affected_files);
COMMENT ON INDEX agent.modification_project_context_id_idx IS 'Serves the foreign key, and the newest of a project.';
COMMENT ON INDEX agent.modification_status_idx IS 'Also counts the pending ones of each project without reading the table.';

-- Down Migration

DROP TABLE agent.modification;
DROP FUNCTION agent.count_modification();
DROP FUNCTION agent.guard_modification_request();
DROP FUNCTION agent.guard_modification_decision();
DROP FUNCTION agent.check_modification_status();
DROP FUNCTION agent.risk_rank(jsonb);
DROP TYPE agent.modification_status;
COMMENT ON COLUMN agent.project_context.iteration IS 'How often metrics were recorded.';
