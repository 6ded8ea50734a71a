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
-- Name: modification_status; Type: TYPE; Schema: agent; Owner: -
--

CREATE TYPE agent.modification_status AS ENUM (
    'pending',
    'approved',
    'applied',
    'failed',
    'rejected'
);

--
-- Name: TYPE modification_status; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON TYPE agent.modification_status IS 'pending: waits for a decision; approved: may be carried out; applied, failed: was carried out, with or without success; rejected: will not be.';

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
-- Name: template_complexity; Type: TYPE; Schema: agent; Owner: -
--

CREATE TYPE agent.template_complexity AS ENUM (
    'simple',
    'moderate',
    'complex'
);

--
-- Name: TYPE template_complexity; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON TYPE agent.template_complexity IS 'How much there is to understand in what a template makes.';

--
-- Name: check_modification_status(); Type: FUNCTION; Schema: agent; Owner: -
--

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

--
-- Name: FUNCTION check_modification_status(); Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON FUNCTION agent.check_modification_status() IS 'BEFORE INSERT OR UPDATE OF status trigger: refuses all but the legal transitions, and sets the time of each.';

--
-- Name: count_modification(); Type: FUNCTION; Schema: agent; Owner: -
--

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

--
-- Name: FUNCTION count_modification(); Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON FUNCTION agent.count_modification() IS 'AFTER UPDATE OF status trigger: an applied modification counts as an iteration of its project context.';

--
-- Name: guard_modification_decision(); Type: FUNCTION; Schema: agent; Owner: -
--

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

--
-- Name: FUNCTION guard_modification_decision(); Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON FUNCTION agent.guard_modification_decision() IS 'BEFORE UPDATE trigger: who decided, why, when and what came of it change with the status or not at all.';

--
-- Name: guard_modification_request(); Type: FUNCTION; Schema: agent; Owner: -
--

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

--
-- Name: FUNCTION guard_modification_request(); Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON FUNCTION agent.guard_modification_request() IS 'BEFORE UPDATE trigger: what a decision is about can be changed until then.';

--
-- Name: risk_rank(jsonb); Type: FUNCTION; Schema: agent; Owner: -
--

CREATE FUNCTION agent.risk_rank(impact_analysis jsonb) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN COALESCE(array_position(ARRAY['low'::text, 'medium'::text, 'high'::text, 'critical'::text], (impact_analysis ->> 'risk'::text)), 0);

--
-- Name: FUNCTION risk_rank(impact_analysis jsonb); Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON FUNCTION agent.risk_rank(impact_analysis jsonb) IS 'The risk that an analysis found: 1 (low) to 4 (critical); 0: not analysed.';

--
-- Name: template_words(text); Type: FUNCTION; Schema: agent; Owner: -
--

CREATE FUNCTION agent.template_words(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(value, '(?<=[^ \t\r\n"./_:@-])[./_:@-]+(?=[^ \t\r\n"])'::text, ','::text, 'g'::text);

--
-- Name: FUNCTION template_words(value text); Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON FUNCTION agent.template_words(value text) IS 'A text with what glues words together (fastify-api, node.js) replaced by commas.';

--
-- Name: template_query(text); Type: FUNCTION; Schema: agent; Owner: -
--

CREATE FUNCTION agent.template_query(query text) RETURNS tsquery
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN websearch_to_tsquery('english'::regconfig, agent.template_words(query));

--
-- Name: FUNCTION template_query(query text); Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON FUNCTION agent.template_query(query text) IS 'A search as people type it (words, "a phrase", or, -not), for the column search.';

--
-- Name: template_search(text, text[], text); Type: FUNCTION; Schema: agent; Owner: -
--

CREATE FUNCTION agent.template_search(name text, tags text[], description text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((setweight(to_tsvector('english'::regconfig, agent.template_words(name)), 'A'::"char") || setweight(to_tsvector('english'::regconfig, ('the '::text || agent.template_words("left"(array_to_string(tags, ' the '::text), 50000)))), 'B'::"char")) || setweight(to_tsvector('english'::regconfig, ('the '::text || agent.template_words(COALESCE(description, ''::text)))), 'C'::"char"));

--
-- Name: FUNCTION template_search(name text, tags text[], description text); Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON FUNCTION agent.template_search(name text, tags text[], description text) IS 'What full-text search finds a template by: name (weight A), tags (B), description (C).';

--
-- Name: hold_times(); Type: FUNCTION; Schema: core; Owner: -
--

CREATE FUNCTION core.hold_times() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  NEW.created_at := OLD.created_at;
  NEW.updated_at := OLD.updated_at;
  RETURN NEW;
END
$$;

--
-- Name: FUNCTION hold_times(); Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON FUNCTION core.hold_times() IS 'BEFORE UPDATE trigger: puts back what an update says of created_at and updated_at; beside a core.keep_times that not every update fires.';

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
    NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at);
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
-- Name: modification; Type: TABLE; Schema: agent; Owner: -
--

CREATE TABLE agent.modification (
    modification_id uuid DEFAULT core.new_id() NOT NULL,
    project_context_id uuid NOT NULL,
    request text NOT NULL,
    requested_by text NOT NULL,
    status agent.modification_status DEFAULT 'pending'::agent.modification_status NOT NULL,
    impact_analysis jsonb,
    affected_files text[] DEFAULT '{}'::text[] NOT NULL,
    result jsonb,
    decided_by text,
    decision_note text,
    decided_at timestamp(3) with time zone,
    applied_at timestamp(3) with time zone,
    failed_at timestamp(3) with time zone,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    CONSTRAINT modification_affected_files_elements CHECK (((array_position(affected_files, NULL::text) IS NULL) AND (array_position(affected_files, ''::text) IS NULL))),
    CONSTRAINT modification_applied_at_order CHECK ((applied_at >= decided_at)),
    CONSTRAINT modification_applied_at_status CHECK (((applied_at IS NOT NULL) = (status = 'applied'::agent.modification_status))),
    CONSTRAINT modification_decided_at_order CHECK ((decided_at >= created_at)),
    CONSTRAINT modification_decided_at_status CHECK (((decided_at IS NOT NULL) = (status <> 'pending'::agent.modification_status))),
    CONSTRAINT modification_decided_by_length CHECK (((char_length(decided_by) >= 1) AND (char_length(decided_by) <= 200))),
    CONSTRAINT modification_decided_by_status CHECK (((decided_by IS NOT NULL) = (status <> 'pending'::agent.modification_status))),
    CONSTRAINT modification_decision_note_length CHECK ((char_length(decision_note) <= 10000)),
    CONSTRAINT modification_decision_note_status CHECK (((decision_note IS NULL) OR (status <> 'pending'::agent.modification_status))),
    CONSTRAINT modification_failed_at_order CHECK ((failed_at >= decided_at)),
    CONSTRAINT modification_failed_at_status CHECK (((failed_at IS NOT NULL) = (status = 'failed'::agent.modification_status))),
    CONSTRAINT modification_impact_analysis_affected_components CHECK ((jsonb_typeof((impact_analysis -> 'affectedComponents'::text)) = 'array'::text)),
    CONSTRAINT modification_impact_analysis_estimate CHECK ((jsonb_typeof((impact_analysis -> 'estimate'::text)) = 'object'::text)),
    CONSTRAINT modification_impact_analysis_object CHECK ((jsonb_typeof(impact_analysis) = 'object'::text)),
    CONSTRAINT modification_impact_analysis_risk CHECK (((impact_analysis IS NULL) OR COALESCE(((impact_analysis -> 'risk'::text) = ANY (ARRAY['"low"'::jsonb, '"medium"'::jsonb, '"high"'::jsonb, '"critical"'::jsonb])), false))),
    CONSTRAINT modification_request_length CHECK (((char_length(request) >= 1) AND (char_length(request) <= 20000))),
    CONSTRAINT modification_requested_by_length CHECK (((char_length(requested_by) >= 1) AND (char_length(requested_by) <= 200))),
    CONSTRAINT modification_result_object CHECK ((jsonb_typeof(result) = 'object'::text)),
    CONSTRAINT modification_result_status CHECK (((result IS NULL) OR (status = ANY (ARRAY['applied'::agent.modification_status, 'failed'::agent.modification_status]))))
);

--
-- Name: TABLE modification; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON TABLE agent.modification IS 'A change that somebody asks an agent to make to a project. Goes with its project context when that is deleted.';

--
-- Name: COLUMN modification.request; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.modification.request IS 'What is asked for. Fixed, as are who asks, analysis, files and project, once it is decided.';

--
-- Name: COLUMN modification.requested_by; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.modification.requested_by IS 'Who asks: a person, an agent or a tool, by a name of the caller''s choice.';

--
-- Name: COLUMN modification.status; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.modification.status IS 'Begins as pending; then pending to approved or rejected, approved to applied or failed, and nothing else.';

--
-- Name: COLUMN modification.impact_analysis; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.modification.impact_analysis IS 'What the change would do, an object: risk, affected components, estimate; NULL: not analysed.';

--
-- Name: COLUMN modification.affected_files; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.modification.affected_files IS 'Paths of the files that the change would touch.';

--
-- Name: COLUMN modification.result; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.modification.result IS 'What came of it, an object, of applied and failed ones; NULL: nothing was told.';

--
-- Name: COLUMN modification.decided_by; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.modification.decided_by IS 'Who approved or rejected it; NULL: pending.';

--
-- Name: COLUMN modification.decision_note; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.modification.decision_note IS 'Why it was approved or rejected; NULL: nothing was said.';

--
-- Name: COLUMN modification.decided_at; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.modification.decided_at IS 'Set by trigger when it is approved or rejected; NULL: pending.';

--
-- Name: COLUMN modification.applied_at; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.modification.applied_at IS 'Set by trigger; NULL: not applied.';

--
-- Name: COLUMN modification.failed_at; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.modification.failed_at IS 'Set by trigger; NULL: has not failed.';

--
-- Name: COLUMN modification.created_at; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.modification.created_at IS 'Never changes.';

--
-- Name: COLUMN modification.updated_at; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.modification.updated_at IS 'Time of the last update that changed something; kept by trigger.';

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

COMMENT ON COLUMN agent.project_context.iteration IS 'How often metrics were recorded, and modifications applied.';

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
-- Name: template; Type: TABLE; Schema: agent; Owner: -
--

CREATE TABLE agent.template (
    template_id uuid DEFAULT core.new_id() NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    description text,
    category text NOT NULL,
    files jsonb DEFAULT '{}'::jsonb NOT NULL,
    file_count bigint GENERATED ALWAYS AS (jsonb_array_length(jsonb_path_query_array(files, 'strict $.*.type()'::jsonpath, '{}'::jsonb, true))) STORED NOT NULL,
    required_variables text[] DEFAULT '{}'::text[] NOT NULL,
    optional_variables text[] DEFAULT '{}'::text[] NOT NULL,
    tech_stack text[] DEFAULT '{}'::text[] NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    complexity agent.template_complexity DEFAULT 'moderate'::agent.template_complexity NOT NULL,
    estimated_setup_minutes bigint,
    usage_count bigint DEFAULT 0 NOT NULL,
    last_used_at timestamp(3) with time zone,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    search tsvector GENERATED ALWAYS AS (agent.template_search(name, tags, description)) STORED NOT NULL,
    CONSTRAINT template_category_length CHECK (((char_length(category) >= 1) AND (char_length(category) <= 100))),
    CONSTRAINT template_description_length CHECK ((char_length(description) <= 10000)),
    CONSTRAINT template_estimated_setup_minutes_range CHECK (((estimated_setup_minutes >= 0) AND (estimated_setup_minutes <= 1000000))),
    CONSTRAINT template_file_count_range CHECK ((file_count <= 1000)),
    CONSTRAINT template_files_object CHECK ((jsonb_typeof(files) = 'object'::text)),
    CONSTRAINT template_files_path_length CHECK ((NOT jsonb_path_exists(files, 'strict $.keyvalue()?(@."key" like_regex "^(.{250}){2}." flag "s")'::jsonpath, '{}'::jsonb, true))),
    CONSTRAINT template_files_paths CHECK ((NOT jsonb_path_exists(files, 'strict $.keyvalue()?(@."key" like_regex "(^|/)(/|$)|[. ](/|$)|[\\\\]|^[A-Za-z]:|[\u0001-\u001f-]")'::jsonpath, '{}'::jsonb, true))),
    CONSTRAINT template_files_text CHECK ((NOT jsonb_path_exists(files, 'strict $.*?(@.type() != "string")'::jsonpath, '{}'::jsonb, true))),
    CONSTRAINT template_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
    CONSTRAINT template_optional_variables_elements CHECK ((array_position(optional_variables, NULL::text) IS NULL)),
    CONSTRAINT template_required_variables_elements CHECK ((array_position(required_variables, NULL::text) IS NULL)),
    CONSTRAINT template_tags_elements CHECK ((array_position(tags, NULL::text) IS NULL)),
    CONSTRAINT template_tech_stack_elements CHECK ((array_position(tech_stack, NULL::text) IS NULL)),
    CONSTRAINT template_usage_count_range CHECK ((usage_count >= 0)),
    CONSTRAINT template_variables_overlap CHECK ((NOT (required_variables && optional_variables))),
    CONSTRAINT template_version_length CHECK (((char_length(version) >= 1) AND (char_length(version) <= 100)))
);

--
-- Name: TABLE template; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON TABLE agent.template IS 'A project template that an agent can instantiate: files with variables to fill in.';

--
-- Name: COLUMN template.name; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.template.name IS 'Unique.';

--
-- Name: COLUMN template.version; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.template.version IS 'Of the template itself, in any scheme.';

--
-- Name: COLUMN template.description; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.template.description IS 'NULL: none.';

--
-- Name: COLUMN template.category; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.template.category IS 'What kind of project it makes, by a name of the caller''s choice.';

--
-- Name: COLUMN template.files; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.template.files IS 'An object: content by path. Paths are relative, their segments joined by slashes, none of them empty, `.` or `..`; see template_files_paths.';

--
-- Name: COLUMN template.file_count; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.template.file_count IS 'How many files there are; generated.';

--
-- Name: COLUMN template.required_variables; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.template.required_variables IS 'Names of the variables that must be given.';

--
-- Name: COLUMN template.optional_variables; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.template.optional_variables IS 'Names of the variables that may be given; none of them is required.';

--
-- Name: COLUMN template.tech_stack; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.template.tech_stack IS 'Technologies by name.';

--
-- Name: COLUMN template.estimated_setup_minutes; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.template.estimated_setup_minutes IS 'How long it takes until the project runs, in minutes; NULL: not known.';

--
-- Name: COLUMN template.usage_count; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.template.usage_count IS 'How often a use was recorded.';

--
-- Name: COLUMN template.last_used_at; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.template.last_used_at IS 'Time of the latest recorded use; NULL: never used.';

--
-- Name: COLUMN template.created_at; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.template.created_at IS 'Never changes.';

--
-- Name: COLUMN template.updated_at; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.template.updated_at IS 'Time of the last update that changed something other than the use; kept by trigger.';

--
-- Name: COLUMN template.search; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON COLUMN agent.template.search IS 'See agent.template_search; generated. Asked by agent.template_query.';

--
-- Name: CONSTRAINT template_files_paths ON template; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON CONSTRAINT template_files_paths ON agent.template IS 'Each path is relative, its segments joined by slashes, none of them empty or with a dot or space at its end; no backslash, drive letter or control character.';

--
-- Name: operation; Type: TABLE; Schema: core; Owner: -
--

CREATE TABLE core.operation (
    operation_id text NOT NULL,
    query text NOT NULL,
    fingerprint bytea NOT NULL,
    result jsonb,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    replayed_at timestamp(3) with time zone,
    CONSTRAINT operation_fingerprint_length CHECK ((octet_length(fingerprint) = 32)),
    CONSTRAINT operation_operation_id_length CHECK (((char_length(operation_id) >= 1) AND (char_length(operation_id) <= 255)))
);

--
-- Name: TABLE operation; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON TABLE core.operation IS 'Writes and transactions that were called with an operation id, each inserted in the transaction that it is about: a row that others see is proof that it was committed. Deleted when it is old.';

--
-- Name: COLUMN operation.operation_id; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON COLUMN core.operation.operation_id IS 'The caller''s name for it. Who uses it again gets the stored result.';

--
-- Name: COLUMN operation.query; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON COLUMN core.operation.query IS 'The name of the query that was run; `query` for raw text, `transaction` for a transaction.';

--
-- Name: COLUMN operation.fingerprint; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON COLUMN core.operation.fingerprint IS 'SHA-256 of what was called, its values included: another call by the same operation id is refused. Of a transaction, the same for all.';

--
-- Name: COLUMN operation.result; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON COLUMN core.operation.result IS 'What the call gave, as ashlar writes it; set in the same transaction, so NULL to nobody else.';

--
-- Name: COLUMN operation.created_at; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON COLUMN core.operation.created_at IS 'When its transaction began. What is kept for a set time is counted from here.';

--
-- Name: COLUMN operation.replayed_at; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON COLUMN core.operation.replayed_at IS 'When it was last called again; NULL: never.';

--
-- Name: modification modification_pkey; Type: CONSTRAINT; Schema: agent; Owner: -
--

ALTER TABLE ONLY agent.modification
    ADD CONSTRAINT modification_pkey PRIMARY KEY (modification_id);

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
-- Name: template template_name_key; Type: CONSTRAINT; Schema: agent; Owner: -
--

ALTER TABLE ONLY agent.template
    ADD CONSTRAINT template_name_key UNIQUE (name);

--
-- Name: template template_pkey; Type: CONSTRAINT; Schema: agent; Owner: -
--

ALTER TABLE ONLY agent.template
    ADD CONSTRAINT template_pkey PRIMARY KEY (template_id);

--
-- Name: operation operation_pkey; Type: CONSTRAINT; Schema: core; Owner: -
--

ALTER TABLE ONLY core.operation
    ADD CONSTRAINT operation_pkey PRIMARY KEY (operation_id);

--
-- Name: modification_affected_files_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX modification_affected_files_idx ON agent.modification USING gin (affected_files);

--
-- Name: modification_created_at_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX modification_created_at_idx ON agent.modification USING btree (created_at, modification_id);

--
-- Name: modification_decided_at_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX modification_decided_at_idx ON agent.modification USING btree (decided_at);

--
-- Name: modification_project_context_id_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX modification_project_context_id_idx ON agent.modification USING btree (project_context_id, created_at, modification_id);

--
-- Name: INDEX modification_project_context_id_idx; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON INDEX agent.modification_project_context_id_idx IS 'Serves the foreign key, and the newest of a project.';

--
-- Name: modification_requested_by_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX modification_requested_by_idx ON agent.modification USING btree (requested_by);

--
-- Name: modification_risk_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX modification_risk_idx ON agent.modification USING btree (agent.risk_rank(impact_analysis), modification_id);

--
-- Name: modification_status_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX modification_status_idx ON agent.modification USING btree (status, project_context_id);

--
-- Name: INDEX modification_status_idx; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON INDEX agent.modification_status_idx IS 'Also counts the pending ones of each project without reading the table.';

--
-- Name: modification_updated_at_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX modification_updated_at_idx ON agent.modification USING btree (updated_at, modification_id);

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
-- Name: template_category_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX template_category_idx ON agent.template USING btree (category, name);

--
-- Name: template_complexity_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX template_complexity_idx ON agent.template USING btree (complexity);

--
-- Name: template_created_at_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX template_created_at_idx ON agent.template USING btree (created_at, template_id);

--
-- Name: template_estimated_setup_minutes_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX template_estimated_setup_minutes_idx ON agent.template USING btree (COALESCE(estimated_setup_minutes, (2147483647)::bigint), template_id);

--
-- Name: INDEX template_estimated_setup_minutes_idx; Type: COMMENT; Schema: agent; Owner: -
--

COMMENT ON INDEX agent.template_estimated_setup_minutes_idx IS 'Sorts and ranges by setup time; not known counts as 2147483647.';

--
-- Name: template_search_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX template_search_idx ON agent.template USING gin (search);

--
-- Name: template_tags_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX template_tags_idx ON agent.template USING gin (tags);

--
-- Name: template_tech_stack_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX template_tech_stack_idx ON agent.template USING gin (tech_stack);

--
-- Name: template_updated_at_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX template_updated_at_idx ON agent.template USING btree (updated_at);

--
-- Name: template_usage_count_idx; Type: INDEX; Schema: agent; Owner: -
--

CREATE INDEX template_usage_count_idx ON agent.template USING btree (usage_count, template_id);

--
-- Name: operation_created_at_idx; Type: INDEX; Schema: core; Owner: -
--

CREATE INDEX operation_created_at_idx ON core.operation USING btree (created_at);

--
-- Name: INDEX operation_created_at_idx; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON INDEX core.operation_created_at_idx IS 'Serves the deletion of old ones.';

--
-- Name: modification modification_check_status; Type: TRIGGER; Schema: agent; Owner: -
--

CREATE TRIGGER modification_check_status BEFORE INSERT OR UPDATE OF status ON agent.modification FOR EACH ROW EXECUTE FUNCTION agent.check_modification_status();

--
-- Name: modification modification_count; Type: TRIGGER; Schema: agent; Owner: -
--

CREATE TRIGGER modification_count AFTER UPDATE OF status ON agent.modification FOR EACH ROW WHEN ((new.status = 'applied'::agent.modification_status)) EXECUTE FUNCTION agent.count_modification();

--
-- Name: modification modification_guard_decision; Type: TRIGGER; Schema: agent; Owner: -
--

CREATE TRIGGER modification_guard_decision BEFORE UPDATE OF decided_by, decision_note, decided_at, result, applied_at, failed_at ON agent.modification FOR EACH ROW EXECUTE FUNCTION agent.guard_modification_decision();

--
-- Name: modification modification_guard_request; Type: TRIGGER; Schema: agent; Owner: -
--

CREATE TRIGGER modification_guard_request BEFORE UPDATE OF project_context_id, request, requested_by, impact_analysis, affected_files ON agent.modification FOR EACH ROW EXECUTE FUNCTION agent.guard_modification_request();

--
-- Name: modification modification_keep_times; Type: TRIGGER; Schema: agent; Owner: -
--

CREATE TRIGGER modification_keep_times BEFORE UPDATE ON agent.modification FOR EACH ROW EXECUTE FUNCTION core.keep_times();

--
-- Name: project_context project_context_keep_times; Type: TRIGGER; Schema: agent; Owner: -
--

CREATE TRIGGER project_context_keep_times BEFORE UPDATE ON agent.project_context FOR EACH ROW EXECUTE FUNCTION core.keep_times();

--
-- Name: template template_hold_times; Type: TRIGGER; Schema: agent; Owner: -
--

CREATE TRIGGER template_hold_times BEFORE UPDATE ON agent.template FOR EACH ROW WHEN (((old.created_at IS DISTINCT FROM new.created_at) OR (old.updated_at IS DISTINCT FROM new.updated_at))) EXECUTE FUNCTION core.hold_times();

--
-- Name: template template_keep_times; Type: TRIGGER; Schema: agent; Owner: -
--

CREATE TRIGGER template_keep_times BEFORE UPDATE ON agent.template FOR EACH ROW WHEN (((((((((((((old.template_id IS DISTINCT FROM new.template_id) OR (old.name IS DISTINCT FROM new.name)) OR (old.version IS DISTINCT FROM new.version)) OR (old.description IS DISTINCT FROM new.description)) OR (old.category IS DISTINCT FROM new.category)) OR (old.required_variables IS DISTINCT FROM new.required_variables)) OR (old.optional_variables IS DISTINCT FROM new.optional_variables)) OR (old.tech_stack IS DISTINCT FROM new.tech_stack)) OR (old.tags IS DISTINCT FROM new.tags)) OR (old.complexity IS DISTINCT FROM new.complexity)) OR (old.estimated_setup_minutes IS DISTINCT FROM new.estimated_setup_minutes)) OR (old.files IS DISTINCT FROM new.files))) EXECUTE FUNCTION core.keep_times();

--
-- Name: modification modification_project_context_id_fkey; Type: FK CONSTRAINT; Schema: agent; Owner: -
--

ALTER TABLE ONLY agent.modification
    ADD CONSTRAINT modification_project_context_id_fkey FOREIGN KEY (project_context_id) REFERENCES agent.project_context(project_context_id) ON DELETE CASCADE;
