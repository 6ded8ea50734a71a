-- The schema that the migrations yield, by pg_dump. Written by `npm run schema`; do not edit.

--
-- Name: agent; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA agent;

--
-- Name: SCHEMA agent; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA agent IS 'State of an AI coding agent''s projects.';

--
-- Name: core; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA core;

--
-- Name: SCHEMA core; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA core IS 'What every domain shares: new ids, times kept by trigger.';

--
-- Name: project_context_status; Type: TYPE; Schema: agent; Owner: -
--

CREATE TYPE agent.project_context_status AS ENUM (
    'active',
    'paused',
    'archived'
);

--
-- Name: TYPE project_context_status; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON TYPE agent.project_context_status IS 'active: being worked on; paused: may be resumed; archived: read only by custom.';

--
-- Name: keep_times(); Type: FUNCTION; Schema: core; Owner: -
--

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

--
-- Name: FUNCTION keep_times(); Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON FUNCTION core.keep_times() IS 'BEFORE UPDATE trigger: created_at never changes, updated_at is the time of the last update that changed something.';

--
-- Name: new_id(); Type: FUNCTION; Schema: core; Owner: -
--

CREATE FUNCTION core.new_id() RETURNS uuid
    LANGUAGE sql PARALLEL SAFE
    RETURN uuidv7();

--
-- Name: FUNCTION new_id(); Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON FUNCTION core.new_id() IS 'A new UUIDv7: ids sort by the time they were made, to the millisecond.';

--
-- Name: project_context; Type: TABLE; Schema: agent; Owner: -
--

CREATE TABLE agent.project_context (
    project_context_id uuid DEFAULT core.new_id() NOT NULL,
    owner text NOT NULL,
    name text NOT NULL,
    description text,
    status agent.project_context_status DEFAULT 'active'::agent.project_context_status NOT NULL,
    language text,
    framework text,
    codebase jsonb DEFAULT '{}'::jsonb NOT NULL,
    configuration jsonb DEFAULT '{}'::jsonb NOT NULL,
    tech_stack text[] DEFAULT '{}'::text[] NOT NULL,
    dependencies text[] DEFAULT '{}'::text[] NOT NULL,
    iteration bigint DEFAULT 0 NOT NULL,
    test_coverage double precision,
    security_score double precision,
    performance_score double precision,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    CONSTRAINT project_context_codebase_bytes CHECK ((COALESCE(jsonb_typeof((codebase -> 'bytes'::text)), 'number'::text) = 'number'::text)),
    CONSTRAINT project_context_codebase_object CHECK ((jsonb_typeof(codebase) = 'object'::text)),
    CONSTRAINT project_context_configuration_object CHECK ((jsonb_typeof(configuration) = 'object'::text)),
    CONSTRAINT project_context_dependencies_elements CHECK ((array_position(dependencies, NULL::text) IS NULL)),
    CONSTRAINT project_context_description_length CHECK ((char_length(description) <= 10000)),
    CONSTRAINT project_context_framework_length CHECK (((char_length(framework) >= 1) AND (char_length(framework) <= 100))),
    CONSTRAINT project_context_iteration_range CHECK ((iteration >= 0)),
    CONSTRAINT project_context_language_length CHECK (((char_length(language) >= 1) AND (char_length(language) <= 100))),
    CONSTRAINT project_context_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
    CONSTRAINT project_context_owner_length CHECK (((char_length(owner) >= 1) AND (char_length(owner) <= 200))),
    CONSTRAINT project_context_performance_score_range CHECK (((performance_score >= (0)::double precision) AND (performance_score <= (100)::double precision))),
    CONSTRAINT project_context_security_score_range CHECK (((security_score >= (0)::double precision) AND (security_score <= (100)::double precision))),
    CONSTRAINT project_context_tech_stack_elements CHECK ((array_position(tech_stack, NULL::text) IS NULL)),
    CONSTRAINT project_context_test_coverage_range CHECK (((test_coverage >= (0)::double precision) AND (test_coverage <= (100)::double precision)))
);

--
-- Name: TABLE project_context; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON TABLE agent.project_context IS 'A project as an agent knows it: its code base, its configuration, its measurements.';

--
-- Name: COLUMN project_context.owner; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.project_context.owner IS 'Who the context belongs to: a user, a team or a tool, by a name of the caller''s choice.';

--
-- Name: COLUMN project_context.name; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.project_context.name IS 'Unique for each owner.';

--
-- Name: COLUMN project_context.language; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.project_context.language IS 'The main programming language; NULL: not known.';

--
-- Name: COLUMN project_context.framework; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.project_context.framework IS 'The main framework; NULL: none, or not known.';

--
-- Name: COLUMN project_context.codebase; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.project_context.codebase IS 'What the code is made of, an object: files and bytes in all and for each language, entry points, module kind.';

--
-- Name: COLUMN project_context.configuration; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.project_context.configuration IS 'How the project is built and run, an object: scripts, engines, licence and whatever else the agent needs.';

--
-- Name: COLUMN project_context.tech_stack; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.project_context.tech_stack IS 'Technologies by name.';

--
-- Name: COLUMN project_context.dependencies; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.project_context.dependencies IS 'Packages the project needs, by name without version.';

--
-- Name: COLUMN project_context.iteration; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.project_context.iteration IS 'How often metrics were recorded.';

--
-- Name: COLUMN project_context.test_coverage; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.project_context.test_coverage IS 'Percent, 0 to 100; NULL: not measured.';

--
-- Name: COLUMN project_context.security_score; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.project_context.security_score IS '0 (worst) to 100; NULL: not measured.';

--
-- Name: COLUMN project_context.performance_score; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.project_context.performance_score IS '0 (worst) to 100; NULL: not measured.';

--
-- Name: COLUMN project_context.created_at; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.project_context.created_at IS 'Never changes.';

--
-- Name: COLUMN project_context.updated_at; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.project_context.updated_at IS 'Time of the last update that changed something; kept by trigger.';

--
-- Name: project_context project_context_owner_name_key; Type: CONSTRAINT; Schema: agent; Owner: -
--

ALTER TABLE ONLY agent.project_context
    ADD CONSTRAINT project_context_owner_name_key UNIQUE (owner, name);

--
-- Name: project_context project_context_pkey; Type: CONSTRAINT; Schema: agent; Owner: -
--

ALTER TABLE ONLY agent.project_context
    ADD CONSTRAINT project_context_pkey PRIMARY KEY (project_context_id);

--
-- Name: project_context_bytes_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX project_context_bytes_idx ON agent.project_context USING btree (COALESCE(((codebase ->> 'bytes'::text))::numeric, (0)::numeric), project_context_id);

--
-- Name: INDEX project_context_bytes_idx; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON INDEX agent.project_context_bytes_idx IS 'Sorts by size of the code; not known counts as 0.';

--
-- Name: project_context_codebase_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX project_context_codebase_idx ON agent.project_context USING gin (codebase jsonb_path_ops);

--
-- Name: project_context_configuration_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX project_context_configuration_idx ON agent.project_context USING gin (configuration jsonb_path_ops);

--
-- Name: project_context_created_at_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX project_context_created_at_idx ON agent.project_context USING btree (created_at, project_context_id);

--
-- Name: project_context_dependencies_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX project_context_dependencies_idx ON agent.project_context USING gin (dependencies);

--
-- Name: project_context_language_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX project_context_language_idx ON agent.project_context USING btree (language);

--
-- Name: project_context_name_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX project_context_name_idx ON agent.project_context USING btree (name, project_context_id);

--
-- Name: project_context_status_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX project_context_status_idx ON agent.project_context USING btree (status);

--
-- Name: project_context_tech_stack_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX project_context_tech_stack_idx ON agent.project_context USING gin (tech_stack);

--
-- Name: project_context_test_coverage_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX project_context_test_coverage_idx ON agent.project_context USING btree (COALESCE(test_coverage, ('-1'::integer)::double precision), project_context_id);

--
-- Name: INDEX project_context_test_coverage_idx; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON INDEX agent.project_context_test_coverage_idx IS 'Sorts and ranges by coverage; not measured counts as -1.';

--
-- Name: project_context_updated_at_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX project_context_updated_at_idx ON agent.project_context USING btree (updated_at);

--
-- Name: project_context project_context_keep_times; Type: TRIGGER; Schema: agent; Owner: -
--

CREATE TRIGGER project_context_keep_times BEFORE UPDATE ON agent.project_context FOR EACH ROW EXECUTE FUNCTION core.keep_times();
