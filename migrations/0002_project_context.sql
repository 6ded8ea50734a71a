-- Up Migration
-- Why: what an agent knows of each project it works on. Locks: none, only new objects. Old code: not affected.

CREATE SCHEMA agent;
COMMENT ON SCHEMA agent IS 'State of an AI coding agent''s projects.';

CREATE TYPE agent.project_context_status AS ENUM ('active', 'paused', 'archived');
COMMENT ON TYPE agent.project_context_status IS 'active: being worked on; paused: may be resumed; archived: read only by custom.';

CREATE TABLE agent.project_context (
  project_context_id uuid NOT NULL DEFAULT core.new_id(),
  owner text NOT NULL,
  name text NOT NULL,
  description text,
  status agent.project_context_status NOT NULL DEFAULT 'active',
  language text,
  framework text,
  codebase jsonb NOT NULL DEFAULT '{}',
  configuration jsonb NOT NULL DEFAULT '{}',
  tech_stack text[] NOT NULL DEFAULT '{}',
  dependencies text[] NOT NULL DEFAULT '{}',
  iteration bigint NOT NULL DEFAULT 0,
  test_coverage double precision,
  security_score double precision,
  performance_score double precision,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT project_context_pkey PRIMARY KEY (project_context_id),
  CONSTRAINT project_context_owner_name_key UNIQUE (owner, name),
  CONSTRAINT project_context_owner_length CHECK (char_length(owner) BETWEEN 1 AND 200),
  CONSTRAINT project_context_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
  CONSTRAINT project_context_description_length CHECK (char_length(description) <= 10000),
  CONSTRAINT project_context_language_length CHECK (char_length(language) BETWEEN 1 AND 100),
  CONSTRAINT project_context_framework_length CHECK (char_length(framework) BETWEEN 1 AND 100),
  CONSTRAINT project_context_codebase_object CHECK (jsonb_typeof(codebase) = 'object'),
  CONSTRAINT project_context_codebase_bytes CHECK (coalesce(jsonb_typeof(codebase -> 'bytes'), 'number') = 'number'),
  CONSTRAINT project_context_configuration_object CHECK (jsonb_typeof(configuration) = 'object'),
  CONSTRAINT project_context_tech_stack_elements CHECK (array_position(tech_stack, NULL) IS NULL),
  CONSTRAINT project_context_dependencies_elements CHECK (array_position(dependencies, NULL) IS NULL),
  CONSTRAINT project_context_iteration_range CHECK (iteration >= 0),
  CONSTRAINT project_context_test_coverage_range CHECK (test_coverage BETWEEN 0 AND 100),
  CONSTRAINT project_context_security_score_range CHECK (security_score BETWEEN 0 AND 100),
  CONSTRAINT project_context_performance_score_range CHECK (performance_score BETWEEN 0 AND 100)
);

COMMENT ON TABLE agent.project_context IS 'A project as an agent knows it: its code base, its configuration, its measurements.';
COMMENT ON COLUMN agent.project_context.owner IS 'Who the context belongs to: a user, a team or a tool, by a name of the caller''s choice.';
COMMENT ON COLUMN agent.project_context.name IS 'Unique for each owner.';
COMMENT ON COLUMN agent.project_context.language IS 'The main programming language; NULL: not known.';
COMMENT ON COLUMN agent.project_context.framework IS 'The main framework; NULL: none, or not known.';
COMMENT ON COLUMN agent.project_context.codebase IS 'What the code is made of, an object: files and bytes in all and for each language, entry points, module kind.';
COMMENT ON COLUMN agent.project_context.configuration IS 'How the project is built and run, an object: scripts, engines, licence and whatever else the agent needs.';
COMMENT ON COLUMN agent.project_context.tech_stack IS 'Technologies by name.';
COMMENT ON COLUMN agent.project_context.dependencies IS 'Packages the project needs, by name without version.';
COMMENT ON COLUMN agent.project_context.iteration IS 'How often metrics were recorded.';
COMMENT ON COLUMN agent.project_context.test_coverage IS 'Percent, 0 to 100; NULL: not measured.';
COMMENT ON COLUMN agent.project_context.security_score IS '0 (worst) to 100; NULL: not measured.';
COMMENT ON COLUMN agent.project_context.performance_score IS '0 (worst) to 100; NULL: not measured.';
COMMENT ON COLUMN agent.project_context.created_at IS 'Never changes.';
COMMENT ON COLUMN agent.project_context.updated_at IS 'Time of the last update that changed something; kept by trigger.';

CREATE TRIGGER project_context_keep_times
  BEFORE UPDATE ON agent.project_context
  FOR EACH ROW EXECUTE FUNCTION core.keep_times();

CREATE INDEX project_context_name_idx ON agent.project_context (name, project_context_id);
CREATE INDEX project_context_created_at_idx ON agent.project_context (created_at, project_context_id);
CREATE INDEX project_context_updated_at_idx ON agent.project_context (updated_at);
CREATE INDEX project_context_status_idx ON agent.project_context (status);
CREATE INDEX project_context_language_idx ON agent.project_context (language);
CREATE INDEX project_context_test_coverage_idx ON agent.project_context ((coalesce(test_coverage, -1)), project_context_id);
CREATE INDEX project_context_bytes_idx ON agent.project_context ((coalesce((codebase ->> 'bytes')::numeric, 0)), project_context_id);
CREATE INDEX project_context_codebase_idx ON agent.project_context USING gin (codebase jsonb_path_ops);
CREATE INDEX project_context_configuration_idx ON agent.project_context USING gin (configuration jsonb_path_ops);
CREATE INDEX project_context_tech_stack_idx ON agent.project_context USING gin (tech_stack);
CREATE INDEX project_context_dependencies_idx ON agent.project_context USING gin (dependencies);
COMMENT ON INDEX agent.project_context_test_coverage_idx IS 'Sorts and ranges by coverage; not measured counts as -1.';
COMMENT ON INDEX agent.project_context_bytes_idx IS 'Sorts by size of the code; not known counts as 0.';

-- Down Migration

DROP TABLE agent.project_context;
DROP TYPE agent.project_context_status;
DROP SCHEMA agent;
