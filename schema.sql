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
-- Name: registry; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA registry;

--
-- Name: SCHEMA registry; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON SCHEMA registry IS 'Services that agents discover and use, what they need of each other, and their health.';

--
-- Name: pg_trgm; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

--
-- Name: EXTENSION pg_trgm; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';

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
-- Name: change_action; Type: TYPE; Schema: core; Owner: -
--

CREATE TYPE core.change_action AS ENUM (
    'insert',
    'update',
    'delete',
    'truncate'
);

--
-- Name: TYPE change_action; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON TYPE core.change_action IS 'What was done to a row; truncate: to all rows of a table.';

--
-- Name: health_check_status; Type: TYPE; Schema: registry; Owner: -
--

CREATE TYPE registry.health_check_status AS ENUM (
    'healthy',
    'unhealthy'
);

--
-- Name: TYPE health_check_status; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON TYPE registry.health_check_status IS 'What a health check finds: those values of registry.service_status that no person sets.';

--
-- Name: service_build_type; Type: TYPE; Schema: registry; Owner: -
--

CREATE TYPE registry.service_build_type AS ENUM (
    'fastmcp',
    'stub',
    'external',
    'official',
    'custom',
    'docker'
);

--
-- Name: TYPE service_build_type; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON TYPE registry.service_build_type IS 'How a service is made.';

--
-- Name: service_dependency_kind; Type: TYPE; Schema: registry; Owner: -
--

CREATE TYPE registry.service_dependency_kind AS ENUM (
    'required',
    'optional'
);

--
-- Name: TYPE service_dependency_kind; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON TYPE registry.service_dependency_kind IS 'Whether a service works without the other.';

--
-- Name: service_priority; Type: TYPE; Schema: registry; Owner: -
--

CREATE TYPE registry.service_priority AS ENUM (
    'critical',
    'high',
    'medium',
    'low'
);

--
-- Name: TYPE service_priority; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON TYPE registry.service_priority IS 'Which services matter most; in this order.';

--
-- Name: service_protocol; Type: TYPE; Schema: registry; Owner: -
--

CREATE TYPE registry.service_protocol AS ENUM (
    'stdio',
    'http',
    'websocket',
    'tcp',
    'unix_socket'
);

--
-- Name: TYPE service_protocol; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON TYPE registry.service_protocol IS 'How a service is spoken to.';

--
-- Name: service_status; Type: TYPE; Schema: registry; Owner: -
--

CREATE TYPE registry.service_status AS ENUM (
    'healthy',
    'unhealthy',
    'unknown',
    'maintenance',
    'disabled'
);

--
-- Name: TYPE service_status; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON TYPE registry.service_status IS 'healthy and unhealthy are found by health checks; maintenance and disabled are set by people, and health checks leave them.';

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
-- Name: actor(); Type: FUNCTION; Schema: core; Owner: -
--

CREATE FUNCTION core.actor() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE(NULLIF(current_setting('ashlar.actor'::text, true), ''::text), (SESSION_USER)::text);

--
-- Name: FUNCTION actor(); Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON FUNCTION core.actor() IS 'Who is at work: the actor of the executor, and in psql the session user.';

--
-- Name: announce_changes(text, core.change_action, uuid[]); Type: FUNCTION; Schema: core; Owner: -
--

CREATE FUNCTION core.announce_changes(table_name text, action core.change_action, row_ids uuid[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  part_size CONSTANT bigint := 190;
  total bigint := cardinality(row_ids);
  part uuid[];
BEGIN
  IF total <= 4 * part_size THEN
    FOR start IN 1..total BY part_size LOOP
      part := row_ids[start:start + part_size - 1];
      PERFORM pg_notify(
        table_name,
        json_build_object('table', table_name, 'action', action, 'count', cardinality(part), 'ids', part)::text
      );
    END LOOP;
  ELSE
    PERFORM pg_notify(
      table_name,
      json_build_object('table', table_name, 'action', action, 'count', total, 'ids', NULL)::text
    );
  END IF;
END
$$;

--
-- Name: FUNCTION announce_changes(table_name text, action core.change_action, row_ids uuid[]); Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON FUNCTION core.announce_changes(table_name text, action core.change_action, row_ids uuid[]) IS 'Notifies the channel that is named like the table: JSON of `table`, `action`, `count` and `ids`. ids is null when there are more than 760; of a truncate, row_ids, ids and count are.';

--
-- Name: for_tracked_columns(regclass, text, boolean); Type: FUNCTION; Schema: core; Owner: -
--

CREATE FUNCTION core.for_tracked_columns(tracked regclass, template text, has_secrets boolean DEFAULT true) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  SELECT
    coalesce(
      string_agg(
        format(template, quote_ident(attname), quote_literal(attname), quote_literal(to_json(attname)::text || ':'), is_changed),
        ''
        ORDER BY attnum
      ),
      ''
    )
  FROM
    pg_attribute
    CROSS JOIN LATERAL (
      -- Of an array the type of its elements, of a domain the one below.
      WITH RECURSIVE below AS (
        SELECT atttypid AS type
        UNION ALL
        SELECT CASE WHEN typtype = 'd' THEN typbasetype ELSE typelem END
        FROM
          below
          JOIN pg_type ON pg_type.oid = below.type
        WHERE typtype = 'd' OR typcategory = 'A'
      )
      SELECT
        bool_or(
          typtype IN ('e', 'r', 'm')
          OR pg_type.oid = 'varchar'::regtype
          OR EXISTS (
            SELECT
            FROM
              pg_opclass
              JOIN pg_am ON pg_am.oid = opcmethod
            WHERE
              opcintype = pg_type.oid
              AND opcdefault
              AND opcnamespace = 'pg_catalog'::regnamespace
              AND amname IN ('btree', 'hash')
          )
        ) AS has_equality
      FROM
        below
        JOIN pg_type ON pg_type.oid = below.type AND typtype <> 'd' AND typcategory <> 'A'
    ) AS typed
    CROSS JOIN LATERAL (
      SELECT
        coalesce(col_description(attrelid, attnum), '') AS comment,
        -- Those of a type without an equality of its own, or of an extension, whose schema is not searched, are compared as text.
        format(
          CASE
            WHEN has_equality THEN 'o.%1$I IS DISTINCT FROM n.%1$I'
            ELSE 'o.%1$I::text IS DISTINCT FROM n.%1$I::text'
          END,
          attname
        ) AS is_changed
    ) AS about
  WHERE
    attrelid = tracked
    AND attnum > 0
    AND NOT attisdropped
    AND attgenerated = ''
    AND attname <> core.tracked_key(tracked)
    AND comment !~ '^(@\w+\s+)*@noisy\M'
    AND (has_secrets OR comment !~ '^(@\w+\s+)*@secret\M');
$_$;

--
-- Name: FUNCTION for_tracked_columns(tracked regclass, template text, has_secrets boolean); Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON FUNCTION core.for_tracked_columns(tracked regclass, template text, has_secrets boolean) IS 'Fills in a template for each column: %1$s is its name, %2$s that as a text, %3$s its key in JSON, %4$s whether rows o and n differ in it.';

--
-- Name: hold_stamps(); Type: FUNCTION; Schema: core; Owner: -
--

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

--
-- Name: FUNCTION hold_stamps(); Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON FUNCTION core.hold_stamps() IS 'BEFORE UPDATE trigger: puts back what an update says of times and actors; beside a core.keep_stamps that not every update fires.';

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
-- Name: keep_partitions(text); Type: FUNCTION; Schema: core; Owner: -
--

CREATE FUNCTION core.keep_partitions(only_table text) RETURNS TABLE(partition_name text, outcome text, row_count bigint)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '2s'
    AS $_$
#variable_conflict use_variable
DECLARE
  parent regclass := to_regclass(only_table);
  rest regclass;
  cutoff timestamptz;
  key_column text;
  all_columns text;
  schema_name text;
  base_name text;
  months timestamptz[];
  month timestamptz;
  each record;
BEGIN
  SELECT now() - retention_days * interval '1 day' INTO cutoff
  FROM core.partitioned_table
  WHERE table_name = only_table;
  IF NOT found OR parent IS NULL THEN
    RETURN;
  END IF;
  -- One keeper at a time: who waited finds the work done.
  PERFORM pg_advisory_xact_lock(hashtextextended('core.keep_partitions ' || parent::oid, 0));

  SELECT nspname, relname, nullif(partdefid, 0)::regclass, quote_ident(attname)
  INTO schema_name, base_name, rest, key_column
  FROM
    pg_partitioned_table
    JOIN pg_class ON pg_class.oid = partrelid
    JOIN pg_namespace ON pg_namespace.oid = relnamespace
    JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0]
  WHERE
    partrelid = parent
    AND partstrat = 'r'
    AND partnatts = 1
    AND atttypid = 'timestamptz'::regtype
    -- Rows that are moved are deleted for a moment: what refers to them would go with them.
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND confrelid = partrelid);
  IF NOT found OR rest IS NULL OR octet_length(base_name) > 54 THEN
    RAISE EXCEPTION 'core.keep_partitions cannot keep %', only_table
      USING ERRCODE = 'feature_not_supported',
        HINT = 'A table is partitioned by range on one timestamptz column, has a default partition and a name of at most 54 bytes, and no foreign key refers to it.';
  END IF;
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO all_columns
  FROM pg_attribute
  WHERE attrelid = parent AND attnum > 0 AND NOT attisdropped AND attgenerated = '';

  -- Who analyzes the table locks it in this way before its partitions, too.
  EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE', parent);
  -- Where this month has no partition yet, its rows go to the default one, and a writer that waits for that would be refused
  -- (23514) when the month is there. So writers wait for the table itself, where they look anew.
  IF NOT EXISTS (
    SELECT
    FROM core.list_partitions() AS listed
    WHERE listed.table_name = only_table AND listed.starts_at <= now() AND listed.ends_at > now()
  ) THEN
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', parent);
  END IF;

  -- First what locks the whole table: whoever reads it locks it before its partitions, too.
  FOR each IN
    SELECT listed.partition_name AS name
    FROM core.list_partitions() AS listed
    WHERE listed.table_name = only_table AND listed.ends_at <= cutoff
    ORDER BY listed.ends_at
  LOOP
    EXECUTE format('DROP TABLE %s', each.name);
    partition_name := each.name;
    outcome := 'dropped';
    row_count := NULL;
    RETURN NEXT;
  END LOOP;
  IF cutoff IS NOT NULL THEN
    EXECUTE format('DELETE FROM %s WHERE %s < $1', rest, key_column) USING date_trunc('month', cutoff);
    GET DIAGNOSTICS row_count = ROW_COUNT;
    IF row_count > 0 THEN
      partition_name := rest::text;
      outcome := 'emptied';
      RETURN NEXT;
    END IF;
  END IF;

  -- This month and the next two, and those before of which the default partition has rows: of these 24 a call.
  EXECUTE format(
    'SELECT array_agg(month ORDER BY month)
    FROM (
      SELECT date_trunc(''month'', now()) + ahead * interval ''1 month'' FROM generate_series(0, 2) AS ahead
      UNION (
        SELECT DISTINCT date_trunc(''month'', %1$s) AS month
        FROM %2$s
        WHERE %1$s < date_trunc(''month'', now()) AND isfinite(%1$s)
        ORDER BY month DESC
        LIMIT 24
      )
    ) AS needed (month)',
    key_column,
    rest
  ) INTO months;
  FOREACH month IN ARRAY months
  LOOP
    -- Of a partition made by hand, under any name, too.
    CONTINUE WHEN EXISTS (
      SELECT
      FROM core.list_partitions() AS listed
      WHERE
        listed.table_name = only_table
        AND listed.starts_at < month + interval '1 month'
        AND listed.ends_at > month
    );
    partition_name := format('%I.%I', schema_name, base_name || to_char(month, '"_y"YYYY"m"MM'));
    -- Attached, not made as a partition: that would lock out all who use the table, also where the default one is empty.
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING IDENTITY)', partition_name, parent);
    -- Of the table's owner, also where a superuser calls, and for those who may use the table: core.list_partitions looks
    -- into each partition.
    EXECUTE format(
      'ALTER TABLE %s OWNER TO %I',
      partition_name,
      (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = parent)
    );
    FOR each IN
      SELECT
        privilege_type AS privilege,
        CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS name
      FROM
        pg_class
        CROSS JOIN LATERAL aclexplode(relacl)
      WHERE pg_class.oid = parent AND grantee <> relowner
    LOOP
      EXECUTE format('GRANT %s ON %s TO %s', each.privilege, partition_name, each.name);
    END LOOP;
    -- What comes to the default partition while rows are moved would be refused by the new one.
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', rest);
    EXECUTE format(
      'WITH moved AS (DELETE FROM %1$s WHERE %2$s >= $1 AND %2$s < $2 RETURNING %3$s)
      INSERT INTO %4$s (%3$s) SELECT %3$s FROM moved',
      rest,
      key_column,
      all_columns,
      partition_name
    ) USING month, month + interval '1 month';
    GET DIAGNOSTICS row_count = ROW_COUNT;
    EXECUTE format(
      'ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
      parent,
      partition_name,
      month,
      month + interval '1 month'
    );
    outcome := 'created';
    RETURN NEXT;
  END LOOP;
END
$_$;

--
-- Name: FUNCTION keep_partitions(only_table text); Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON FUNCTION core.keep_partitions(only_table text) IS 'Keeps the months of one table of core.partitioned_table: drops the old, makes this one, the next two and those of which the default partition has rows, and moves these. To be called by the owner, once a day. Fails with lock_not_available, and has done nothing, when it would wait longer than 2 s.';

--
-- Name: keep_stamps(); Type: FUNCTION; Schema: core; Owner: -
--

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

--
-- Name: FUNCTION keep_stamps(); Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON FUNCTION core.keep_stamps() IS 'BEFORE INSERT trigger, and BEFORE UPDATE where something has changed: created_at and created_by never change, updated_at and updated_by tell of the last such update.';

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
-- Name: list_partitions(); Type: FUNCTION; Schema: core; Owner: -
--

CREATE FUNCTION core.list_partitions() RETURNS TABLE(table_name text, partition_name text, starts_at timestamp with time zone, ends_at timestamp with time zone, is_default boolean, has_rows boolean, size_bytes bigint, retention_days bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS $_$
DECLARE
  found record;
  bounds text[];
BEGIN
  FOR found IN
    SELECT
      kept.table_name,
      kept.retention_days,
      leaf.oid,
      -- Not by regclass: of one that was dropped since that is a number.
      format('%I.%I', nspname, leaf.relname) AS partition_name,
      pg_get_expr(leaf.relpartbound, leaf.oid) AS bound
    FROM
      core.partitioned_table AS kept
      JOIN pg_inherits ON inhparent = to_regclass(kept.table_name)
      JOIN pg_class AS leaf ON leaf.oid = inhrelid
      JOIN pg_namespace ON pg_namespace.oid = leaf.relnamespace
    ORDER BY
      kept.table_name,
      leaf.relname
  LOOP
    bounds := regexp_match(found.bound, '^FOR VALUES FROM \(''([^'']+)''\) TO \(''([^'']+)''\)$');
    table_name := found.table_name;
    partition_name := found.partition_name;
    starts_at := bounds[1]::timestamptz;
    ends_at := bounds[2]::timestamptz;
    is_default := found.bound = 'DEFAULT';
    BEGIN
      EXECUTE format('SELECT EXISTS (SELECT FROM %s)', found.partition_name) INTO has_rows;
    EXCEPTION WHEN undefined_table THEN
      -- It was dropped since it was found.
      CONTINUE;
    END;
    size_bytes := pg_total_relation_size(found.oid);
    retention_days := found.retention_days;
    RETURN NEXT;
  END LOOP;
END
$_$;

--
-- Name: FUNCTION list_partitions(); Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON FUNCTION core.list_partitions() IS 'The partitions of all that core.keep_partitions keeps. starts_at belongs to the partition, ends_at does not; both are NULL of the default one.';

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
-- Name: refuse_update(); Type: FUNCTION; Schema: core; Owner: -
--

CREATE FUNCTION core.refuse_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  RAISE EXCEPTION 'rows of %.% are never updated', TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'object_not_in_prerequisite_state';
END
$$;

--
-- Name: FUNCTION refuse_update(); Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON FUNCTION core.refuse_update() IS 'BEFORE UPDATE trigger FOR EACH ROW of a table that is only added to.';

--
-- Name: stale_tracking(); Type: FUNCTION; Schema: core; Owner: -
--

CREATE FUNCTION core.stale_tracking() RETURNS SETOF regclass
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT pg_class.oid::regclass
  FROM
    pg_trigger
    JOIN pg_class ON pg_class.oid = tgrelid AND tgname = relname || '_track_update'
    JOIN pg_proc ON pg_proc.oid = tgfoid AND proname = relname || '_track'
  WHERE
    prosrc NOT IN (
      core.tracking_source(pg_class.oid, true, true),
      core.tracking_source(pg_class.oid, true, false),
      core.tracking_source(pg_class.oid, false, true)
    );
$$;

--
-- Name: FUNCTION stale_tracking(); Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON FUNCTION core.stale_tracking() IS 'Tracked tables whose columns or marks have changed since: to be given to core.track_changes again. None, when all is well.';

--
-- Name: track_changes(regclass, boolean, boolean); Type: FUNCTION; Schema: core; Owner: -
--

CREATE FUNCTION core.track_changes(tracked regclass, is_logged boolean DEFAULT true, is_announced boolean DEFAULT true) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  schema_name name;
  base_name name;
  function_name text;
BEGIN
  SELECT nspname, relname INTO schema_name, base_name
  FROM
    pg_class
    JOIN pg_namespace ON pg_namespace.oid = relnamespace
  WHERE pg_class.oid = tracked;
  IF NOT (is_logged OR is_announced) THEN
    RAISE EXCEPTION 'changes of % must be logged or announced', tracked USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF octet_length(schema_name) + octet_length(base_name) > 62 OR octet_length(base_name) > 47 THEN
    RAISE EXCEPTION 'changes of % cannot be tracked', tracked
      USING ERRCODE = 'name_too_long', HINT = 'With its schema it is the name of a channel, 63 bytes; alone it may have 47.';
  END IF;
  function_name := format('%I.%I', schema_name, base_name || '_track');

  -- Writers need no right on the log. Nobody else may call it: from a table of their own they could write what they like.
  -- Values are written alike, and numbers in full, whatever the session of the writer has set.
  EXECUTE format(
    'CREATE OR REPLACE FUNCTION %s() RETURNS trigger
      LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, pg_temp
      SET timezone = ''UTC''
      SET intervalstyle = ''postgres''
      SET extra_float_digits = 1
      AS %L',
    function_name,
    core.tracking_source(tracked, is_logged, is_announced)
  );
  EXECUTE format('REVOKE ALL ON FUNCTION %s() FROM PUBLIC', function_name);
  EXECUTE format(
    'COMMENT ON FUNCTION %s() IS ''Made by core.track_changes: call that again when columns or their marks have changed.''',
    function_name
  );
  EXECUTE format(
    'CREATE OR REPLACE TRIGGER %1$I AFTER INSERT ON %5$s
      REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %6$s();
    CREATE OR REPLACE TRIGGER %2$I AFTER UPDATE ON %5$s
      REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %6$s();
    CREATE OR REPLACE TRIGGER %3$I AFTER DELETE ON %5$s
      REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION %6$s();
    CREATE OR REPLACE TRIGGER %4$I AFTER TRUNCATE ON %5$s
      FOR EACH STATEMENT EXECUTE FUNCTION %6$s()',
    base_name || '_track_insert',
    base_name || '_track_update',
    base_name || '_track_delete',
    base_name || '_track_truncate',
    tracked,
    function_name
  );
END
$_$;

--
-- Name: FUNCTION track_changes(tracked regclass, is_logged boolean, is_announced boolean); Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON FUNCTION core.track_changes(tracked regclass, is_logged boolean, is_announced boolean) IS 'Logs and announces the changes of a table from now on. The comment of a column says what is left out: `@secret` its values, `@noisy` the column, so that a change of nothing else is no change. To be called again when columns or comments have changed; see core.stale_tracking.';

--
-- Name: tracked_key(regclass); Type: FUNCTION; Schema: core; Owner: -
--

CREATE FUNCTION core.tracked_key(tracked regclass) RETURNS name
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
  found name[];
BEGIN
  SELECT array_agg(attname) INTO found
  FROM
    pg_constraint
    JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY(conkey)
  WHERE
    conrelid = tracked
    AND contype = 'p'
    AND atttypid = 'uuid'::regtype;
  IF cardinality(found) = 1 THEN
    RETURN found[1];
  END IF;
  -- A constraint is named so that the message reaches those who call it through the library.
  RAISE EXCEPTION 'changes of % cannot be tracked: its primary key must have one column of type uuid', tracked
    USING ERRCODE = 'feature_not_supported', CONSTRAINT = 'tracked_table_key';
END
$$;

--
-- Name: FUNCTION tracked_key(tracked regclass); Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON FUNCTION core.tracked_key(tracked regclass) IS 'The column whose value is the row_id of the change log.';

--
-- Name: tracking_source(regclass, boolean, boolean); Type: FUNCTION; Schema: core; Owner: -
--

CREATE FUNCTION core.tracking_source(tracked regclass, is_logged boolean, is_announced boolean) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
  row_key name := core.tracked_key(tracked);
  table_name text;
  head text := '';
  tail text := ';';
  truncated text := '';
BEGIN
  SELECT quote_literal(nspname || '.' || relname) INTO table_name
  FROM
    pg_class
    JOIN pg_namespace ON pg_namespace.oid = relnamespace
  WHERE pg_class.oid = tracked;

  IF is_logged THEN
    head := format(
      E'INSERT INTO core.change_log (table_name, row_id, action, columns, old_values, new_values)\n    SELECT\n      %s,',
      table_name
    );
    tail := ';';
    truncated := format(E'\n    INSERT INTO core.change_log (table_name, action) VALUES (%s, ''truncate'');', table_name);
  ELSE
    head := 'SELECT';
  END IF;
  IF is_announced THEN
    head := E'FOR change IN\n    WITH changed AS (\n    ' || head;
    tail := format(
      E'%s\n    )\n    SELECT action, array_agg(row_id) AS row_ids FROM changed GROUP BY action\n    LOOP\n'
        '      PERFORM core.announce_changes(%s, change.action, change.row_ids);\n    END LOOP;',
      CASE WHEN is_logged THEN E'\n    RETURNING action, row_id' END,
      table_name
    );
    truncated := truncated || format(E'\n    PERFORM core.announce_changes(%s, ''truncate'', NULL);', table_name);
  END IF;

  RETURN format(
    -- concat_ws leaves out what is NULL. Joined in full, old and new rows are not gone through in a nested loop, however few
    -- the call had that the plan was made for.
    $source$
DECLARE
  change record;
BEGIN
  IF TG_OP = 'INSERT' THEN
    %1$s
      n.%4$I AS row_id,
      'insert'::core.change_action AS action,
      array_remove(ARRAY[NULL%6$s
      ]::text[], NULL) AS columns,
      NULL::jsonb AS old_values,
      ('{' || concat_ws(',', NULL%7$s
      ) || '}')::jsonb AS new_values
    FROM new_rows AS n%2$s
  ELSIF TG_OP = 'DELETE' THEN
    %1$s
      o.%4$I AS row_id,
      'delete'::core.change_action AS action,
      array_remove(ARRAY[NULL%8$s
      ]::text[], NULL) AS columns,
      ('{' || concat_ws(',', NULL%9$s
      ) || '}')::jsonb AS old_values,
      NULL::jsonb AS new_values
    FROM old_rows AS o%2$s
  ELSIF TG_OP = 'UPDATE' THEN
    %1$s
      coalesce(n.%4$I, o.%4$I) AS row_id,
      CASE
        WHEN o.%4$I IS NULL THEN 'insert'
        WHEN n.%4$I IS NULL THEN 'delete'
        ELSE 'update'
      END::core.change_action AS action,
      array_remove(ARRAY[NULL%10$s
      ]::text[], NULL) AS columns,
      CASE WHEN o.%4$I IS NOT NULL THEN ('{' || concat_ws(',', NULL%11$s
      ) || '}')::jsonb END AS old_values,
      CASE WHEN n.%4$I IS NOT NULL THEN ('{' || concat_ws(',', NULL%12$s
      ) || '}')::jsonb END AS new_values
    FROM
      old_rows AS o
      FULL JOIN new_rows AS n ON %5$s
    WHERE
      o.%4$I IS NULL
      OR n.%4$I IS NULL%13$s%2$s
  ELSE%3$s
  END IF;
  RETURN NULL;
END
$source$,
    head,
    tail,
    truncated,
    row_key,
    (
      SELECT string_agg(format('n.%1$I = o.%1$I', attname), ' AND ' ORDER BY attnum)
      FROM
        pg_constraint
        JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY(conkey)
      WHERE conrelid = tracked AND contype = 'p'
    ),
    core.for_tracked_columns(tracked, E',\n        CASE WHEN n.%1$s IS NOT NULL THEN %2$s END'),
    core.for_tracked_columns(tracked, E',\n        %3$s || to_json(n.%1$s)', false),
    core.for_tracked_columns(tracked, E',\n        CASE WHEN o.%1$s IS NOT NULL THEN %2$s END'),
    core.for_tracked_columns(tracked, E',\n        %3$s || to_json(o.%1$s)', false),
    core.for_tracked_columns(tracked, E',\n        CASE WHEN %4$s THEN %2$s END'),
    core.for_tracked_columns(tracked, E',\n        CASE WHEN %4$s THEN %3$s || coalesce(to_json(o.%1$s)::text, ''null'') END', false),
    core.for_tracked_columns(tracked, E',\n        CASE WHEN %4$s THEN %3$s || coalesce(to_json(n.%1$s)::text, ''null'') END', false),
    core.for_tracked_columns(tracked, E'\n      OR %4$s')
  );
END
$_$;

--
-- Name: FUNCTION tracking_source(tracked regclass, is_logged boolean, is_announced boolean); Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON FUNCTION core.tracking_source(tracked regclass, is_logged boolean, is_announced boolean) IS 'The body of the trigger function that core.track_changes makes.';

--
-- Name: untrack_changes(regclass); Type: FUNCTION; Schema: core; Owner: -
--

CREATE FUNCTION core.untrack_changes(tracked regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  EXECUTE (
    SELECT format('DROP FUNCTION %I.%I() CASCADE', nspname, relname || '_track')
    FROM
      pg_class
      JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE pg_class.oid = tracked
  );
END
$$;

--
-- Name: FUNCTION untrack_changes(tracked regclass); Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON FUNCTION core.untrack_changes(tracked regclass) IS 'Takes back core.track_changes. What is logged stays.';

--
-- Name: check_service_dependency(); Type: FUNCTION; Schema: registry; Owner: -
--

CREATE FUNCTION registry.check_service_dependency() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
  from_ids uuid[];
  to_ids uuid[];
  cycle uuid[];
  names text[];
  smallest bigint;
BEGIN
  IF TG_OP = 'INSERT' THEN
    SELECT
      array_agg(service_id),
      array_agg(depends_on_id)
    INTO from_ids, to_ids
    FROM added
    WHERE kind = 'required';
  ELSE
    SELECT
      array_agg(service_id),
      array_agg(depends_on_id)
    INTO from_ids, to_ids
    FROM (
      SELECT
        service_id,
        depends_on_id
      FROM added
      WHERE kind = 'required'
      EXCEPT
      SELECT
        service_id,
        depends_on_id
      FROM removed
      WHERE kind = 'required'
    ) AS changed;
  END IF;
  IF from_ids IS NULL THEN
    RETURN NULL;
  END IF;

  UPDATE registry.service_dependency_guard
  SET turns = turns + 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'registry.service_dependency_guard has lost its row'
      USING
        ERRCODE = 'object_not_in_prerequisite_state',
        HINT = 'INSERT INTO registry.service_dependency_guard DEFAULT VALUES puts it back.';
  END IF;

  to_ids := registry.reach_required(from_ids, to_ids);
  -- Not by the operator &&, which compares each with each.
  PERFORM unnest(from_ids)
  INTERSECT
  SELECT unnest(to_ids);
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  cycle := registry.find_required_cycle(to_ids);
  IF cycle IS NULL THEN
    RETURN NULL;
  END IF;

  SELECT array_agg(service.name ORDER BY member.position)
  INTO names
  FROM
    unnest(cycle) WITH ORDINALITY AS member (service_id, position)
    JOIN registry.service ON service.service_id = member.service_id;
  SELECT position
  INTO smallest
  FROM unnest(names) WITH ORDINALITY AS member (name, position)
  ORDER BY
    name COLLATE "C",
    position
  LIMIT 1;
  RAISE EXCEPTION 'required dependencies would form a cycle of %', cardinality(cycle)
    USING
      -- For people and for programs.
      DETAIL = to_json(names[smallest:] || names[:smallest - 1])::text,
      HINT = 'Each requires the next, and the last the first; deleted services count. One of these dependencies can be optional.',
      ERRCODE = 'check_violation',
      CONSTRAINT = 'service_dependency_acyclic',
      SCHEMA = TG_TABLE_SCHEMA,
      TABLE = TG_TABLE_NAME;
END
$$;

--
-- Name: FUNCTION check_service_dependency(); Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON FUNCTION registry.check_service_dependency() IS 'AFTER INSERT OR UPDATE statement trigger: refuses a cycle of required dependencies, as constraint service_dependency_acyclic whose detail names it as a JSON array.';

--
-- Name: find_required_cycle(uuid[]); Type: FUNCTION; Schema: registry; Owner: -
--

CREATE FUNCTION registry.find_required_cycle(within_ids uuid[]) RETURNS uuid[]
    LANGUAGE plpgsql STABLE STRICT
    SET enable_nestloop TO 'off'
    SET jit TO 'off'
    AS $$
DECLARE
  node_count CONSTANT bigint := cardinality(within_ids);
  targets bigint[];
  first bigint[];
  next bigint[];
  -- 0: not seen; 1: on the way to the present one; 2: leads to no cycle.
  state bigint[] := array_fill(0, ARRAY[node_count::integer]);
  way bigint[] := array_fill(0, ARRAY[node_count::integer]);
  parent bigint[];
  length bigint := 0;
  head bigint := 1;
  present bigint;
  target bigint;
  last bigint;
  cycle uuid[] := '{}';
BEGIN
  WITH node AS MATERIALIZED (
    SELECT
      service_id,
      number
    FROM unnest(within_ids) WITH ORDINALITY AS node (service_id, number)
  ),
  edge AS MATERIALIZED (
    SELECT
      source.number AS source,
      target.number AS target
    FROM
      node AS source
      JOIN registry.service_dependency AS edge ON edge.service_id = source.service_id AND edge.kind = 'required'
      JOIN node AS target ON target.service_id = edge.depends_on_id
  ),
  counted AS (
    SELECT
      node.number,
      count(edge.source) AS edges
    FROM
      node
      LEFT JOIN edge ON edge.source = node.number
    GROUP BY node.number
  )
  SELECT
    (SELECT array_agg(edge.target ORDER BY edge.source, edge.target) FROM edge),
    array_agg(running.first ORDER BY running.number) || (SELECT count(*) FROM edge) + 1
  INTO targets, first
  FROM (
    SELECT
      number,
      sum(edges) OVER (ORDER BY number) - edges + 1 AS first
    FROM counted
  ) AS running;

  next := first;
  <<search>>
  FOR root IN 1..node_count LOOP
    CONTINUE WHEN state[root] <> 0;
    length := 1;
    way[1] := root;
    state[root] := 1;
    WHILE length > 0 LOOP
      present := way[length];
      IF next[present] = first[present + 1] THEN
        state[present] := 2;
        length := length - 1;
      ELSE
        target := targets[next[present]];
        next[present] := next[present] + 1;
        IF state[target] = 0 THEN
          length := length + 1;
          way[length] := target;
          state[target] := 1;
        ELSIF state[target] = 1 THEN
          last := present;
          EXIT search;
        END IF;
      END IF;
    END LOOP;
  END LOOP;
  IF last IS NULL THEN
    RETURN NULL;
  END IF;

  -- There may be a shorter way back than the one the search took: breadth first from the target to the last.
  parent := array_fill(0, ARRAY[node_count::integer]);
  parent[target] := target;
  way[1] := target;
  length := 1;
  WHILE parent[last] = 0 LOOP
    present := way[head];
    head := head + 1;
    FOR place IN first[present]..first[present + 1] - 1 LOOP
      IF parent[targets[place]] = 0 THEN
        parent[targets[place]] := present;
        length := length + 1;
        way[length] := targets[place];
      END IF;
    END LOOP;
  END LOOP;
  LOOP
    cycle := within_ids[last] || cycle;
    EXIT WHEN last = target;
    last := parent[last];
  END LOOP;
  RETURN cycle;
END
$$;

--
-- Name: FUNCTION find_required_cycle(within_ids uuid[]); Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON FUNCTION registry.find_required_cycle(within_ids uuid[]) IS 'A cycle of required dependencies among the given services: each requires the next, and the last the first. NULL: there is none.';

--
-- Name: keep_service_search(); Type: FUNCTION; Schema: registry; Owner: -
--

CREATE FUNCTION registry.keep_service_search() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  NEW.search := registry.service_search(NEW.name, NEW.display_name, NEW.tags, NEW.description);
  RETURN NEW;
END
$$;

--
-- Name: FUNCTION keep_service_search(); Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON FUNCTION registry.keep_service_search() IS 'BEFORE INSERT OR UPDATE trigger: what the search finds a service by.';

--
-- Name: next_health_score(double precision, bigint, double precision, bigint); Type: FUNCTION; Schema: registry; Owner: -
--

CREATE FUNCTION registry.next_health_score(score double precision, check_count bigint, new_score double precision, new_check_count bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (new_check_count = 0) THEN score WHEN (score IS NULL) THEN new_score ELSE LEAST((1)::double precision, GREATEST((0)::double precision, (score + (((new_score - score) * ((1)::double precision - power((0.9)::double precision, (LEAST(new_check_count, (1000)::bigint))::double precision))) / ((1)::double precision - power((0.9)::double precision, (LEAST((check_count + new_check_count), (1000)::bigint))::double precision)))))) END;

--
-- Name: FUNCTION next_health_score(score double precision, check_count bigint, new_score double precision, new_check_count bigint); Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON FUNCTION registry.next_health_score(score double precision, check_count bigint, new_score double precision, new_check_count bigint) IS 'The mean of all checks (1: healthy, 0: unhealthy), each of which weighs 0.9 times the one after it: of the score of the first check_count checks, and that of the new ones behind them.';

--
-- Name: reach_required(uuid[], uuid[]); Type: FUNCTION; Schema: registry; Owner: -
--

CREATE FUNCTION registry.reach_required(from_ids uuid[], to_ids uuid[]) RETURNS uuid[]
    LANGUAGE sql STABLE STRICT
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
  WITH RECURSIVE reached AS (
    SELECT added.depends_on_id AS service_id
    FROM unnest(from_ids, to_ids) AS added (service_id, depends_on_id)
    WHERE
      EXISTS (
        SELECT 1
        FROM registry.service_dependency AS before
        WHERE
          before.depends_on_id = added.service_id
          AND before.kind = 'required'
        OFFSET 0
      )
      AND EXISTS (
        SELECT 1
        FROM registry.service_dependency AS behind
        WHERE
          behind.service_id = added.depends_on_id
          AND behind.kind = 'required'
        OFFSET 0
      )
    UNION
    SELECT needed.depends_on_id
    FROM
      reached
      CROSS JOIN LATERAL (
        SELECT edge.depends_on_id
        FROM registry.service_dependency AS edge
        WHERE
          edge.service_id = reached.service_id
          AND edge.kind = 'required'
        OFFSET 0
      ) AS needed
  )
  SELECT array_agg(service_id)
  FROM reached
$$;

--
-- Name: FUNCTION reach_required(from_ids uuid[], to_ids uuid[]); Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON FUNCTION registry.reach_required(from_ids uuid[], to_ids uuid[]) IS 'What can be reached by required dependencies from the second service of each pair, of those pairs that may be in a cycle; NULL: none may.';

--
-- Name: reach_service(uuid, boolean, registry.service_dependency_kind[], bigint, boolean); Type: FUNCTION; Schema: registry; Owner: -
--

CREATE FUNCTION registry.reach_service(from_id uuid, is_upward boolean, kinds registry.service_dependency_kind[], max_depth bigint, is_running_only boolean) RETURNS TABLE(service_id uuid, depth bigint)
    LANGUAGE plpgsql STABLE STRICT
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
DECLARE
  level uuid[] := ARRAY[from_id];
  seen uuid[] := ARRAY[from_id];
BEGIN
  depth := 0;
  WHILE depth < max_depth LOOP
    SELECT array_agg(found.service_id)
    INTO level
    FROM
      (
        SELECT edge.service_id
        FROM
          unnest(level) AS node (service_id)
          CROSS JOIN LATERAL (
            SELECT depends_on_id AS service_id
            FROM registry.service_dependency
            WHERE
              service_id = node.service_id
              AND kind = ANY(kinds)
              AND NOT is_upward
            UNION ALL
            SELECT service_id
            FROM registry.service_dependency
            WHERE
              depends_on_id = node.service_id
              AND kind = ANY(kinds)
              AND is_upward
            OFFSET 0
          ) AS edge
        EXCEPT
        SELECT unnest(seen)
      ) AS found
      CROSS JOIN LATERAL (
        SELECT 1
        FROM registry.service
        WHERE
          service.service_id = found.service_id
          AND service.deleted_at IS NULL
          AND (
            NOT is_running_only
            OR (service.is_active AND service.is_enabled AND service.status <> 'disabled')
          )
        OFFSET 0
      ) AS living;
    EXIT WHEN level IS NULL;
    depth := depth + 1;
    seen := seen || level;
    FOREACH service_id IN ARRAY level LOOP
      RETURN NEXT;
    END LOOP;
  END LOOP;
END
$$;

--
-- Name: FUNCTION reach_service(from_id uuid, is_upward boolean, kinds registry.service_dependency_kind[], max_depth bigint, is_running_only boolean); Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON FUNCTION registry.reach_service(from_id uuid, is_upward boolean, kinds registry.service_dependency_kind[], max_depth bigint, is_running_only boolean) IS 'What a service needs, or (is_upward) what needs it, with the least number of dependencies on the way; never itself. Deleted services are not there, nor any way through them; with is_running_only those that are not in use either.';

--
-- Name: response_time_class(double precision); Type: FUNCTION; Schema: registry; Owner: -
--

CREATE FUNCTION registry.response_time_class(response_time_ms double precision) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (CASE WHEN (response_time_ms < (1)::double precision) THEN (0)::double precision ELSE (floor(log(response_time_ms)) + (1)::double precision) END)::bigint;

--
-- Name: FUNCTION response_time_class(response_time_ms double precision); Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON FUNCTION registry.response_time_class(response_time_ms double precision) IS 'The number of digits before the point: 0 below 1 ms, 1 below 10 ms, 2 below 100 ms ...';

--
-- Name: seen_hour(timestamp with time zone); Type: FUNCTION; Schema: registry; Owner: -
--

CREATE FUNCTION registry.seen_hour(seen_at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN date_bin('01:00:00'::interval, seen_at, '2000-01-01 00:00:00+00'::timestamp with time zone);

--
-- Name: FUNCTION seen_hour(seen_at timestamp with time zone); Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON FUNCTION registry.seen_hour(seen_at timestamp with time zone) IS 'The hour that an instant is in.';

--
-- Name: service_dependency_track(); Type: FUNCTION; Schema: registry; Owner: -
--

CREATE FUNCTION registry.service_dependency_track() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    AS $$
DECLARE
  change record;
BEGIN
  IF TG_OP = 'INSERT' THEN
    FOR change IN
    WITH changed AS (
    INSERT INTO core.change_log (table_name, row_id, action, columns, old_values, new_values)
    SELECT
      'registry.service_dependency',
      n.service_dependency_id AS row_id,
      'insert'::core.change_action AS action,
      array_remove(ARRAY[NULL,
        CASE WHEN n.service_id IS NOT NULL THEN 'service_id' END,
        CASE WHEN n.depends_on_id IS NOT NULL THEN 'depends_on_id' END,
        CASE WHEN n.kind IS NOT NULL THEN 'kind' END,
        CASE WHEN n.created_by IS NOT NULL THEN 'created_by' END,
        CASE WHEN n.created_at IS NOT NULL THEN 'created_at' END
      ]::text[], NULL) AS columns,
      NULL::jsonb AS old_values,
      ('{' || concat_ws(',', NULL,
        '"service_id":' || to_json(n.service_id),
        '"depends_on_id":' || to_json(n.depends_on_id),
        '"kind":' || to_json(n.kind),
        '"created_by":' || to_json(n.created_by),
        '"created_at":' || to_json(n.created_at)
      ) || '}')::jsonb AS new_values
    FROM new_rows AS n
    RETURNING action, row_id
    )
    SELECT action, array_agg(row_id) AS row_ids FROM changed GROUP BY action
    LOOP
      PERFORM core.announce_changes('registry.service_dependency', change.action, change.row_ids);
    END LOOP;
  ELSIF TG_OP = 'DELETE' THEN
    FOR change IN
    WITH changed AS (
    INSERT INTO core.change_log (table_name, row_id, action, columns, old_values, new_values)
    SELECT
      'registry.service_dependency',
      o.service_dependency_id AS row_id,
      'delete'::core.change_action AS action,
      array_remove(ARRAY[NULL,
        CASE WHEN o.service_id IS NOT NULL THEN 'service_id' END,
        CASE WHEN o.depends_on_id IS NOT NULL THEN 'depends_on_id' END,
        CASE WHEN o.kind IS NOT NULL THEN 'kind' END,
        CASE WHEN o.created_by IS NOT NULL THEN 'created_by' END,
        CASE WHEN o.created_at IS NOT NULL THEN 'created_at' END
      ]::text[], NULL) AS columns,
      ('{' || concat_ws(',', NULL,
        '"service_id":' || to_json(o.service_id),
        '"depends_on_id":' || to_json(o.depends_on_id),
        '"kind":' || to_json(o.kind),
        '"created_by":' || to_json(o.created_by),
        '"created_at":' || to_json(o.created_at)
      ) || '}')::jsonb AS old_values,
      NULL::jsonb AS new_values
    FROM old_rows AS o
    RETURNING action, row_id
    )
    SELECT action, array_agg(row_id) AS row_ids FROM changed GROUP BY action
    LOOP
      PERFORM core.announce_changes('registry.service_dependency', change.action, change.row_ids);
    END LOOP;
  ELSIF TG_OP = 'UPDATE' THEN
    FOR change IN
    WITH changed AS (
    INSERT INTO core.change_log (table_name, row_id, action, columns, old_values, new_values)
    SELECT
      'registry.service_dependency',
      coalesce(n.service_dependency_id, o.service_dependency_id) AS row_id,
      CASE
        WHEN o.service_dependency_id IS NULL THEN 'insert'
        WHEN n.service_dependency_id IS NULL THEN 'delete'
        ELSE 'update'
      END::core.change_action AS action,
      array_remove(ARRAY[NULL,
        CASE WHEN o.service_id IS DISTINCT FROM n.service_id THEN 'service_id' END,
        CASE WHEN o.depends_on_id IS DISTINCT FROM n.depends_on_id THEN 'depends_on_id' END,
        CASE WHEN o.kind IS DISTINCT FROM n.kind THEN 'kind' END,
        CASE WHEN o.created_by IS DISTINCT FROM n.created_by THEN 'created_by' END,
        CASE WHEN o.created_at IS DISTINCT FROM n.created_at THEN 'created_at' END
      ]::text[], NULL) AS columns,
      CASE WHEN o.service_dependency_id IS NOT NULL THEN ('{' || concat_ws(',', NULL,
        CASE WHEN o.service_id IS DISTINCT FROM n.service_id THEN '"service_id":' || coalesce(to_json(o.service_id)::text, 'null') END,
        CASE WHEN o.depends_on_id IS DISTINCT FROM n.depends_on_id THEN '"depends_on_id":' || coalesce(to_json(o.depends_on_id)::text, 'null') END,
        CASE WHEN o.kind IS DISTINCT FROM n.kind THEN '"kind":' || coalesce(to_json(o.kind)::text, 'null') END,
        CASE WHEN o.created_by IS DISTINCT FROM n.created_by THEN '"created_by":' || coalesce(to_json(o.created_by)::text, 'null') END,
        CASE WHEN o.created_at IS DISTINCT FROM n.created_at THEN '"created_at":' || coalesce(to_json(o.created_at)::text, 'null') END
      ) || '}')::jsonb END AS old_values,
      CASE WHEN n.service_dependency_id IS NOT NULL THEN ('{' || concat_ws(',', NULL,
        CASE WHEN o.service_id IS DISTINCT FROM n.service_id THEN '"service_id":' || coalesce(to_json(n.service_id)::text, 'null') END,
        CASE WHEN o.depends_on_id IS DISTINCT FROM n.depends_on_id THEN '"depends_on_id":' || coalesce(to_json(n.depends_on_id)::text, 'null') END,
        CASE WHEN o.kind IS DISTINCT FROM n.kind THEN '"kind":' || coalesce(to_json(n.kind)::text, 'null') END,
        CASE WHEN o.created_by IS DISTINCT FROM n.created_by THEN '"created_by":' || coalesce(to_json(n.created_by)::text, 'null') END,
        CASE WHEN o.created_at IS DISTINCT FROM n.created_at THEN '"created_at":' || coalesce(to_json(n.created_at)::text, 'null') END
      ) || '}')::jsonb END AS new_values
    FROM
      old_rows AS o
      FULL JOIN new_rows AS n ON n.service_dependency_id = o.service_dependency_id
    WHERE
      o.service_dependency_id IS NULL
      OR n.service_dependency_id IS NULL
      OR o.service_id IS DISTINCT FROM n.service_id
      OR o.depends_on_id IS DISTINCT FROM n.depends_on_id
      OR o.kind IS DISTINCT FROM n.kind
      OR o.created_by IS DISTINCT FROM n.created_by
      OR o.created_at IS DISTINCT FROM n.created_at
    RETURNING action, row_id
    )
    SELECT action, array_agg(row_id) AS row_ids FROM changed GROUP BY action
    LOOP
      PERFORM core.announce_changes('registry.service_dependency', change.action, change.row_ids);
    END LOOP;
  ELSE
    INSERT INTO core.change_log (table_name, action) VALUES ('registry.service_dependency', 'truncate');
    PERFORM core.announce_changes('registry.service_dependency', 'truncate', NULL);
  END IF;
  RETURN NULL;
END
$$;

--
-- Name: FUNCTION service_dependency_track(); Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON FUNCTION registry.service_dependency_track() IS 'Made by core.track_changes: call that again when columns or their marks have changed.';

--
-- Name: service_words(text); Type: FUNCTION; Schema: registry; Owner: -
--

CREATE FUNCTION registry.service_words(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN translate(value, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~'::text, repeat(' '::text, 32));

--
-- Name: FUNCTION service_words(value text); Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON FUNCTION registry.service_words(value text) IS 'A text with the punctuation of ASCII replaced by spaces.';

--
-- Name: service_query(text); Type: FUNCTION; Schema: registry; Owner: -
--

CREATE FUNCTION registry.service_query(query text) RETURNS tsquery
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (SELECT (COALESCE(string_agg(words.sought, ' & '::text) FILTER (WHERE (words.stem IS NOT NULL)), string_agg(words.sought, ' & '::text)))::tsquery AS "coalesce" FROM (SELECT stems.stem, CASE WHEN (char_length(stems.word) = 1) THEN ((''''::text || stems.word) || ''''::text) WHEN (stems.stem IS NULL) THEN ((''''::text || stems.word) || ''':*'::text) WHEN starts_with(stems.word, stems.stem) THEN ((''''::text || stems.stem) || ''':*'::text) ELSE (((('('''::text || stems.word) || ''':* | '''::text) || stems.stem) || ''':*)'::text) END AS sought FROM (SELECT word.word, (ts_lexize('english_stem'::regdictionary, word.word))[1] AS stem FROM unnest(tsvector_to_array(to_tsvector('simple'::regconfig, registry.service_words(service_query.query)))) word(word)) stems) words);

--
-- Name: FUNCTION service_query(query text); Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON FUNCTION registry.service_query(query text) IS 'Words of which a service must have all, or words that begin with them; NULL when there is none. For the column search.';

--
-- Name: service_search(text, text, text[], text); Type: FUNCTION; Schema: registry; Owner: -
--

CREATE FUNCTION registry.service_search(name text, display_name text, tags text[], description text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((setweight(to_tsvector('simple'::regconfig, registry.service_words(name)), 'A'::"char") || setweight(to_tsvector('simple'::regconfig, registry.service_words(concat_ws(' '::text, display_name, "left"(array_to_string(tags, ' '::text), 50000)))), 'B'::"char")) || setweight(to_tsvector('english'::regconfig, registry.service_words(COALESCE(description, ''::text))), 'C'::"char"));

--
-- Name: FUNCTION service_search(name text, display_name text, tags text[], description text); Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON FUNCTION registry.service_search(name text, display_name text, tags text[], description text) IS 'What full-text search finds a service by: name (weight A), display name and tags (B), description (C).';

--
-- Name: service_text(text, text, text[]); Type: FUNCTION; Schema: registry; Owner: -
--

CREATE FUNCTION registry.service_text(name text, display_name text, tags text[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN concat_ws('
'::text, name, display_name, "left"(array_to_string(tags, '
'::text), 5000));

--
-- Name: FUNCTION service_text(name text, display_name text, tags text[]); Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON FUNCTION registry.service_text(name text, display_name text, tags text[]) IS 'Name, display name and tags, for the trigram index.';

--
-- Name: service_track(); Type: FUNCTION; Schema: registry; Owner: -
--

CREATE FUNCTION registry.service_track() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'postgres'
    SET extra_float_digits TO '1'
    AS $$
DECLARE
  change record;
BEGIN
  IF TG_OP = 'INSERT' THEN
    FOR change IN
    WITH changed AS (
    INSERT INTO core.change_log (table_name, row_id, action, columns, old_values, new_values)
    SELECT
      'registry.service',
      n.service_id AS row_id,
      'insert'::core.change_action AS action,
      array_remove(ARRAY[NULL,
        CASE WHEN n.name IS NOT NULL THEN 'name' END,
        CASE WHEN n.display_name IS NOT NULL THEN 'display_name' END,
        CASE WHEN n.description IS NOT NULL THEN 'description' END,
        CASE WHEN n.build_type IS NOT NULL THEN 'build_type' END,
        CASE WHEN n.protocol IS NOT NULL THEN 'protocol' END,
        CASE WHEN n.priority IS NOT NULL THEN 'priority' END,
        CASE WHEN n.status IS NOT NULL THEN 'status' END,
        CASE WHEN n.location IS NOT NULL THEN 'location' END,
        CASE WHEN n.endpoint IS NOT NULL THEN 'endpoint' END,
        CASE WHEN n.port IS NOT NULL THEN 'port' END,
        CASE WHEN n.version IS NOT NULL THEN 'version' END,
        CASE WHEN n.tags IS NOT NULL THEN 'tags' END,
        CASE WHEN n.metadata IS NOT NULL THEN 'metadata' END,
        CASE WHEN n.config IS NOT NULL THEN 'config' END,
        CASE WHEN n.health_check_url IS NOT NULL THEN 'health_check_url' END,
        CASE WHEN n.is_active IS NOT NULL THEN 'is_active' END,
        CASE WHEN n.is_required IS NOT NULL THEN 'is_required' END,
        CASE WHEN n.is_enabled IS NOT NULL THEN 'is_enabled' END,
        CASE WHEN n.is_auto_start IS NOT NULL THEN 'is_auto_start' END,
        CASE WHEN n.source IS NOT NULL THEN 'source' END,
        CASE WHEN n.registry_url IS NOT NULL THEN 'registry_url' END,
        CASE WHEN n.created_by IS NOT NULL THEN 'created_by' END,
        CASE WHEN n.created_at IS NOT NULL THEN 'created_at' END,
        CASE WHEN n.deleted_at IS NOT NULL THEN 'deleted_at' END
      ]::text[], NULL) AS columns,
      NULL::jsonb AS old_values,
      ('{' || concat_ws(',', NULL,
        '"name":' || to_json(n.name),
        '"display_name":' || to_json(n.display_name),
        '"description":' || to_json(n.description),
        '"build_type":' || to_json(n.build_type),
        '"protocol":' || to_json(n.protocol),
        '"priority":' || to_json(n.priority),
        '"status":' || to_json(n.status),
        '"location":' || to_json(n.location),
        '"endpoint":' || to_json(n.endpoint),
        '"port":' || to_json(n.port),
        '"version":' || to_json(n.version),
        '"tags":' || to_json(n.tags),
        '"metadata":' || to_json(n.metadata),
        '"health_check_url":' || to_json(n.health_check_url),
        '"is_active":' || to_json(n.is_active),
        '"is_required":' || to_json(n.is_required),
        '"is_enabled":' || to_json(n.is_enabled),
        '"is_auto_start":' || to_json(n.is_auto_start),
        '"source":' || to_json(n.source),
        '"registry_url":' || to_json(n.registry_url),
        '"created_by":' || to_json(n.created_by),
        '"created_at":' || to_json(n.created_at),
        '"deleted_at":' || to_json(n.deleted_at)
      ) || '}')::jsonb AS new_values
    FROM new_rows AS n
    RETURNING action, row_id
    )
    SELECT action, array_agg(row_id) AS row_ids FROM changed GROUP BY action
    LOOP
      PERFORM core.announce_changes('registry.service', change.action, change.row_ids);
    END LOOP;
  ELSIF TG_OP = 'DELETE' THEN
    FOR change IN
    WITH changed AS (
    INSERT INTO core.change_log (table_name, row_id, action, columns, old_values, new_values)
    SELECT
      'registry.service',
      o.service_id AS row_id,
      'delete'::core.change_action AS action,
      array_remove(ARRAY[NULL,
        CASE WHEN o.name IS NOT NULL THEN 'name' END,
        CASE WHEN o.display_name IS NOT NULL THEN 'display_name' END,
        CASE WHEN o.description IS NOT NULL THEN 'description' END,
        CASE WHEN o.build_type IS NOT NULL THEN 'build_type' END,
        CASE WHEN o.protocol IS NOT NULL THEN 'protocol' END,
        CASE WHEN o.priority IS NOT NULL THEN 'priority' END,
        CASE WHEN o.status IS NOT NULL THEN 'status' END,
        CASE WHEN o.location IS NOT NULL THEN 'location' END,
        CASE WHEN o.endpoint IS NOT NULL THEN 'endpoint' END,
        CASE WHEN o.port IS NOT NULL THEN 'port' END,
        CASE WHEN o.version IS NOT NULL THEN 'version' END,
        CASE WHEN o.tags IS NOT NULL THEN 'tags' END,
        CASE WHEN o.metadata IS NOT NULL THEN 'metadata' END,
        CASE WHEN o.config IS NOT NULL THEN 'config' END,
        CASE WHEN o.health_check_url IS NOT NULL THEN 'health_check_url' END,
        CASE WHEN o.is_active IS NOT NULL THEN 'is_active' END,
        CASE WHEN o.is_required IS NOT NULL THEN 'is_required' END,
        CASE WHEN o.is_enabled IS NOT NULL THEN 'is_enabled' END,
        CASE WHEN o.is_auto_start IS NOT NULL THEN 'is_auto_start' END,
        CASE WHEN o.source IS NOT NULL THEN 'source' END,
        CASE WHEN o.registry_url IS NOT NULL THEN 'registry_url' END,
        CASE WHEN o.created_by IS NOT NULL THEN 'created_by' END,
        CASE WHEN o.created_at IS NOT NULL THEN 'created_at' END,
        CASE WHEN o.deleted_at IS NOT NULL THEN 'deleted_at' END
      ]::text[], NULL) AS columns,
      ('{' || concat_ws(',', NULL,
        '"name":' || to_json(o.name),
        '"display_name":' || to_json(o.display_name),
        '"description":' || to_json(o.description),
        '"build_type":' || to_json(o.build_type),
        '"protocol":' || to_json(o.protocol),
        '"priority":' || to_json(o.priority),
        '"status":' || to_json(o.status),
        '"location":' || to_json(o.location),
        '"endpoint":' || to_json(o.endpoint),
        '"port":' || to_json(o.port),
        '"version":' || to_json(o.version),
        '"tags":' || to_json(o.tags),
        '"metadata":' || to_json(o.metadata),
        '"health_check_url":' || to_json(o.health_check_url),
        '"is_active":' || to_json(o.is_active),
        '"is_required":' || to_json(o.is_required),
        '"is_enabled":' || to_json(o.is_enabled),
        '"is_auto_start":' || to_json(o.is_auto_start),
        '"source":' || to_json(o.source),
        '"registry_url":' || to_json(o.registry_url),
        '"created_by":' || to_json(o.created_by),
        '"created_at":' || to_json(o.created_at),
        '"deleted_at":' || to_json(o.deleted_at)
      ) || '}')::jsonb AS old_values,
      NULL::jsonb AS new_values
    FROM old_rows AS o
    RETURNING action, row_id
    )
    SELECT action, array_agg(row_id) AS row_ids FROM changed GROUP BY action
    LOOP
      PERFORM core.announce_changes('registry.service', change.action, change.row_ids);
    END LOOP;
  ELSIF TG_OP = 'UPDATE' THEN
    FOR change IN
    WITH changed AS (
    INSERT INTO core.change_log (table_name, row_id, action, columns, old_values, new_values)
    SELECT
      'registry.service',
      coalesce(n.service_id, o.service_id) AS row_id,
      CASE
        WHEN o.service_id IS NULL THEN 'insert'
        WHEN n.service_id IS NULL THEN 'delete'
        ELSE 'update'
      END::core.change_action AS action,
      array_remove(ARRAY[NULL,
        CASE WHEN o.name IS DISTINCT FROM n.name THEN 'name' END,
        CASE WHEN o.display_name IS DISTINCT FROM n.display_name THEN 'display_name' END,
        CASE WHEN o.description IS DISTINCT FROM n.description THEN 'description' END,
        CASE WHEN o.build_type IS DISTINCT FROM n.build_type THEN 'build_type' END,
        CASE WHEN o.protocol IS DISTINCT FROM n.protocol THEN 'protocol' END,
        CASE WHEN o.priority IS DISTINCT FROM n.priority THEN 'priority' END,
        CASE WHEN o.status IS DISTINCT FROM n.status THEN 'status' END,
        CASE WHEN o.location IS DISTINCT FROM n.location THEN 'location' END,
        CASE WHEN o.endpoint IS DISTINCT FROM n.endpoint THEN 'endpoint' END,
        CASE WHEN o.port IS DISTINCT FROM n.port THEN 'port' END,
        CASE WHEN o.version IS DISTINCT FROM n.version THEN 'version' END,
        CASE WHEN o.tags IS DISTINCT FROM n.tags THEN 'tags' END,
        CASE WHEN o.metadata IS DISTINCT FROM n.metadata THEN 'metadata' END,
        CASE WHEN o.config IS DISTINCT FROM n.config THEN 'config' END,
        CASE WHEN o.health_check_url IS DISTINCT FROM n.health_check_url THEN 'health_check_url' END,
        CASE WHEN o.is_active IS DISTINCT FROM n.is_active THEN 'is_active' END,
        CASE WHEN o.is_required IS DISTINCT FROM n.is_required THEN 'is_required' END,
        CASE WHEN o.is_enabled IS DISTINCT FROM n.is_enabled THEN 'is_enabled' END,
        CASE WHEN o.is_auto_start IS DISTINCT FROM n.is_auto_start THEN 'is_auto_start' END,
        CASE WHEN o.source IS DISTINCT FROM n.source THEN 'source' END,
        CASE WHEN o.registry_url IS DISTINCT FROM n.registry_url THEN 'registry_url' END,
        CASE WHEN o.created_by IS DISTINCT FROM n.created_by THEN 'created_by' END,
        CASE WHEN o.created_at IS DISTINCT FROM n.created_at THEN 'created_at' END,
        CASE WHEN o.deleted_at IS DISTINCT FROM n.deleted_at THEN 'deleted_at' END
      ]::text[], NULL) AS columns,
      CASE WHEN o.service_id IS NOT NULL THEN ('{' || concat_ws(',', NULL,
        CASE WHEN o.name IS DISTINCT FROM n.name THEN '"name":' || coalesce(to_json(o.name)::text, 'null') END,
        CASE WHEN o.display_name IS DISTINCT FROM n.display_name THEN '"display_name":' || coalesce(to_json(o.display_name)::text, 'null') END,
        CASE WHEN o.description IS DISTINCT FROM n.description THEN '"description":' || coalesce(to_json(o.description)::text, 'null') END,
        CASE WHEN o.build_type IS DISTINCT FROM n.build_type THEN '"build_type":' || coalesce(to_json(o.build_type)::text, 'null') END,
        CASE WHEN o.protocol IS DISTINCT FROM n.protocol THEN '"protocol":' || coalesce(to_json(o.protocol)::text, 'null') END,
        CASE WHEN o.priority IS DISTINCT FROM n.priority THEN '"priority":' || coalesce(to_json(o.priority)::text, 'null') END,
        CASE WHEN o.status IS DISTINCT FROM n.status THEN '"status":' || coalesce(to_json(o.status)::text, 'null') END,
        CASE WHEN o.location IS DISTINCT FROM n.location THEN '"location":' || coalesce(to_json(o.location)::text, 'null') END,
        CASE WHEN o.endpoint IS DISTINCT FROM n.endpoint THEN '"endpoint":' || coalesce(to_json(o.endpoint)::text, 'null') END,
        CASE WHEN o.port IS DISTINCT FROM n.port THEN '"port":' || coalesce(to_json(o.port)::text, 'null') END,
        CASE WHEN o.version IS DISTINCT FROM n.version THEN '"version":' || coalesce(to_json(o.version)::text, 'null') END,
        CASE WHEN o.tags IS DISTINCT FROM n.tags THEN '"tags":' || coalesce(to_json(o.tags)::text, 'null') END,
        CASE WHEN o.metadata IS DISTINCT FROM n.metadata THEN '"metadata":' || coalesce(to_json(o.metadata)::text, 'null') END,
        CASE WHEN o.health_check_url IS DISTINCT FROM n.health_check_url THEN '"health_check_url":' || coalesce(to_json(o.health_check_url)::text, 'null') END,
        CASE WHEN o.is_active IS DISTINCT FROM n.is_active THEN '"is_active":' || coalesce(to_json(o.is_active)::text, 'null') END,
        CASE WHEN o.is_required IS DISTINCT FROM n.is_required THEN '"is_required":' || coalesce(to_json(o.is_required)::text, 'null') END,
        CASE WHEN o.is_enabled IS DISTINCT FROM n.is_enabled THEN '"is_enabled":' || coalesce(to_json(o.is_enabled)::text, 'null') END,
        CASE WHEN o.is_auto_start IS DISTINCT FROM n.is_auto_start THEN '"is_auto_start":' || coalesce(to_json(o.is_auto_start)::text, 'null') END,
        CASE WHEN o.source IS DISTINCT FROM n.source THEN '"source":' || coalesce(to_json(o.source)::text, 'null') END,
        CASE WHEN o.registry_url IS DISTINCT FROM n.registry_url THEN '"registry_url":' || coalesce(to_json(o.registry_url)::text, 'null') END,
        CASE WHEN o.created_by IS DISTINCT FROM n.created_by THEN '"created_by":' || coalesce(to_json(o.created_by)::text, 'null') END,
        CASE WHEN o.created_at IS DISTINCT FROM n.created_at THEN '"created_at":' || coalesce(to_json(o.created_at)::text, 'null') END,
        CASE WHEN o.deleted_at IS DISTINCT FROM n.deleted_at THEN '"deleted_at":' || coalesce(to_json(o.deleted_at)::text, 'null') END
      ) || '}')::jsonb END AS old_values,
      CASE WHEN n.service_id IS NOT NULL THEN ('{' || concat_ws(',', NULL,
        CASE WHEN o.name IS DISTINCT FROM n.name THEN '"name":' || coalesce(to_json(n.name)::text, 'null') END,
        CASE WHEN o.display_name IS DISTINCT FROM n.display_name THEN '"display_name":' || coalesce(to_json(n.display_name)::text, 'null') END,
        CASE WHEN o.description IS DISTINCT FROM n.description THEN '"description":' || coalesce(to_json(n.description)::text, 'null') END,
        CASE WHEN o.build_type IS DISTINCT FROM n.build_type THEN '"build_type":' || coalesce(to_json(n.build_type)::text, 'null') END,
        CASE WHEN o.protocol IS DISTINCT FROM n.protocol THEN '"protocol":' || coalesce(to_json(n.protocol)::text, 'null') END,
        CASE WHEN o.priority IS DISTINCT FROM n.priority THEN '"priority":' || coalesce(to_json(n.priority)::text, 'null') END,
        CASE WHEN o.status IS DISTINCT FROM n.status THEN '"status":' || coalesce(to_json(n.status)::text, 'null') END,
        CASE WHEN o.location IS DISTINCT FROM n.location THEN '"location":' || coalesce(to_json(n.location)::text, 'null') END,
        CASE WHEN o.endpoint IS DISTINCT FROM n.endpoint THEN '"endpoint":' || coalesce(to_json(n.endpoint)::text, 'null') END,
        CASE WHEN o.port IS DISTINCT FROM n.port THEN '"port":' || coalesce(to_json(n.port)::text, 'null') END,
        CASE WHEN o.version IS DISTINCT FROM n.version THEN '"version":' || coalesce(to_json(n.version)::text, 'null') END,
        CASE WHEN o.tags IS DISTINCT FROM n.tags THEN '"tags":' || coalesce(to_json(n.tags)::text, 'null') END,
        CASE WHEN o.metadata IS DISTINCT FROM n.metadata THEN '"metadata":' || coalesce(to_json(n.metadata)::text, 'null') END,
        CASE WHEN o.health_check_url IS DISTINCT FROM n.health_check_url THEN '"health_check_url":' || coalesce(to_json(n.health_check_url)::text, 'null') END,
        CASE WHEN o.is_active IS DISTINCT FROM n.is_active THEN '"is_active":' || coalesce(to_json(n.is_active)::text, 'null') END,
        CASE WHEN o.is_required IS DISTINCT FROM n.is_required THEN '"is_required":' || coalesce(to_json(n.is_required)::text, 'null') END,
        CASE WHEN o.is_enabled IS DISTINCT FROM n.is_enabled THEN '"is_enabled":' || coalesce(to_json(n.is_enabled)::text, 'null') END,
        CASE WHEN o.is_auto_start IS DISTINCT FROM n.is_auto_start THEN '"is_auto_start":' || coalesce(to_json(n.is_auto_start)::text, 'null') END,
        CASE WHEN o.source IS DISTINCT FROM n.source THEN '"source":' || coalesce(to_json(n.source)::text, 'null') END,
        CASE WHEN o.registry_url IS DISTINCT FROM n.registry_url THEN '"registry_url":' || coalesce(to_json(n.registry_url)::text, 'null') END,
        CASE WHEN o.created_by IS DISTINCT FROM n.created_by THEN '"created_by":' || coalesce(to_json(n.created_by)::text, 'null') END,
        CASE WHEN o.created_at IS DISTINCT FROM n.created_at THEN '"created_at":' || coalesce(to_json(n.created_at)::text, 'null') END,
        CASE WHEN o.deleted_at IS DISTINCT FROM n.deleted_at THEN '"deleted_at":' || coalesce(to_json(n.deleted_at)::text, 'null') END
      ) || '}')::jsonb END AS new_values
    FROM
      old_rows AS o
      FULL JOIN new_rows AS n ON n.service_id = o.service_id
    WHERE
      o.service_id IS NULL
      OR n.service_id IS NULL
      OR o.name IS DISTINCT FROM n.name
      OR o.display_name IS DISTINCT FROM n.display_name
      OR o.description IS DISTINCT FROM n.description
      OR o.build_type IS DISTINCT FROM n.build_type
      OR o.protocol IS DISTINCT FROM n.protocol
      OR o.priority IS DISTINCT FROM n.priority
      OR o.status IS DISTINCT FROM n.status
      OR o.location IS DISTINCT FROM n.location
      OR o.endpoint IS DISTINCT FROM n.endpoint
      OR o.port IS DISTINCT FROM n.port
      OR o.version IS DISTINCT FROM n.version
      OR o.tags IS DISTINCT FROM n.tags
      OR o.metadata IS DISTINCT FROM n.metadata
      OR o.config IS DISTINCT FROM n.config
      OR o.health_check_url IS DISTINCT FROM n.health_check_url
      OR o.is_active IS DISTINCT FROM n.is_active
      OR o.is_required IS DISTINCT FROM n.is_required
      OR o.is_enabled IS DISTINCT FROM n.is_enabled
      OR o.is_auto_start IS DISTINCT FROM n.is_auto_start
      OR o.source IS DISTINCT FROM n.source
      OR o.registry_url IS DISTINCT FROM n.registry_url
      OR o.created_by IS DISTINCT FROM n.created_by
      OR o.created_at IS DISTINCT FROM n.created_at
      OR o.deleted_at IS DISTINCT FROM n.deleted_at
    RETURNING action, row_id
    )
    SELECT action, array_agg(row_id) AS row_ids FROM changed GROUP BY action
    LOOP
      PERFORM core.announce_changes('registry.service', change.action, change.row_ids);
    END LOOP;
  ELSE
    INSERT INTO core.change_log (table_name, action) VALUES ('registry.service', 'truncate');
    PERFORM core.announce_changes('registry.service', 'truncate', NULL);
  END IF;
  RETURN NULL;
END
$$;

--
-- Name: FUNCTION service_track(); Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON FUNCTION registry.service_track() IS 'Made by core.track_changes: call that again when columns or their marks have changed.';

--
-- Name: similar_services(text); Type: FUNCTION; Schema: registry; Owner: -
--

CREATE FUNCTION registry.similar_services(query text) RETURNS TABLE(similar_id uuid, similarity real)
    LANGUAGE plpgsql STABLE STRICT ROWS 100
    SET enable_seqscan TO 'off'
    SET enable_indexscan TO 'off'
    SET enable_indexonlyscan TO 'off'
    AS $$
DECLARE
  words CONSTANT text := trim(registry.service_words(query));
  threshold text;
BEGIN
  IF char_length(words) < 3 OR EXISTS (
    SELECT
    FROM registry.service
    WHERE
      search @@ registry.service_query(query)
      AND deleted_at IS NULL
  ) THEN
    RETURN;
  END IF;
  -- Loads the library, whose setting would not be there.
  PERFORM word_similarity(words, words);
  threshold := current_setting('pg_trgm.word_similarity_threshold');
  PERFORM set_config('pg_trgm.word_similarity_threshold', '0.3', true);
  RETURN QUERY
    SELECT
      service_id,
      word_similarity(words, registry.service_text(name, display_name, tags)) * 0.75::real
        + similarity(words, name) * 0.25::real
    FROM registry.service
    WHERE registry.service_text(name, display_name, tags) %> words
    ORDER BY
      2 DESC,
      1 DESC
    LIMIT 1000;
  PERFORM set_config('pg_trgm.word_similarity_threshold', threshold, true);
END
$$;

--
-- Name: FUNCTION similar_services(query text); Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON FUNCTION registry.similar_services(query text) IS 'The 1,000 services whose name, display name or tags are most like a text that no service is found by as it stands; 0 to 1, the more alike the more.';

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
-- Name: change_log; Type: TABLE; Schema: core; Owner: -
--

CREATE TABLE core.change_log (
    change_id uuid DEFAULT core.new_id() NOT NULL,
    changed_at timestamp(3) with time zone DEFAULT clock_timestamp() NOT NULL,
    transaction_id bigint DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL,
    actor text DEFAULT core.actor() NOT NULL,
    table_name text NOT NULL,
    row_id uuid,
    action core.change_action NOT NULL,
    columns text[] DEFAULT '{}'::text[] NOT NULL,
    old_values jsonb,
    new_values jsonb,
    CONSTRAINT change_log_new_values_object CHECK ((jsonb_typeof(new_values) = 'object'::text)),
    CONSTRAINT change_log_old_values_object CHECK ((jsonb_typeof(old_values) = 'object'::text)),
    CONSTRAINT change_log_row_id_given CHECK (((row_id IS NOT NULL) OR (action = 'truncate'::core.change_action)))
)
PARTITION BY RANGE (changed_at);

--
-- Name: TABLE change_log; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON TABLE core.change_log IS 'Changes to the rows of those tables that core.track_changes was called for. Rows are never updated, and go by whole months.';

--
-- Name: COLUMN change_log.changed_at; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON COLUMN core.change_log.changed_at IS 'When the statement changed the row, not when it was committed.';

--
-- Name: COLUMN change_log.transaction_id; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON COLUMN core.change_log.transaction_id IS 'The same for all changes of one transaction: pg_current_xact_id().';

--
-- Name: COLUMN change_log.actor; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON COLUMN core.change_log.actor IS 'Who changed it: see core.actor. No foreign key: who is gone has changed it all the same.';

--
-- Name: COLUMN change_log.table_name; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON COLUMN core.change_log.table_name IS 'With its schema: `registry.service`.';

--
-- Name: COLUMN change_log.row_id; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON COLUMN core.change_log.row_id IS 'The row''s primary key; NULL: all rows (truncate). A change of the key itself is a delete and an insert.';

--
-- Name: COLUMN change_log.columns; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON COLUMN core.change_log.columns IS 'Which columns changed; of an insert or delete, those that were not NULL. Without the key and what is noisy or generated.';

--
-- Name: COLUMN change_log.old_values; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON COLUMN core.change_log.old_values IS 'Of `columns`, before, without those that are secret; NULL: of an insert or truncate.';

--
-- Name: COLUMN change_log.new_values; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON COLUMN core.change_log.new_values IS 'Of `columns`, after, without those that are secret; NULL: of a delete or truncate.';

--
-- Name: change_log_default; Type: TABLE; Schema: core; Owner: -
--

CREATE TABLE core.change_log_default (
    change_id uuid DEFAULT core.new_id() CONSTRAINT change_log_change_id_not_null NOT NULL,
    changed_at timestamp(3) with time zone DEFAULT clock_timestamp() CONSTRAINT change_log_changed_at_not_null NOT NULL,
    transaction_id bigint DEFAULT ((pg_current_xact_id())::text)::bigint CONSTRAINT change_log_transaction_id_not_null NOT NULL,
    actor text DEFAULT core.actor() CONSTRAINT change_log_actor_not_null NOT NULL,
    table_name text CONSTRAINT change_log_table_name_not_null NOT NULL,
    row_id uuid,
    action core.change_action CONSTRAINT change_log_action_not_null NOT NULL,
    columns text[] DEFAULT '{}'::text[] CONSTRAINT change_log_columns_not_null NOT NULL,
    old_values jsonb,
    new_values jsonb,
    CONSTRAINT change_log_new_values_object CHECK ((jsonb_typeof(new_values) = 'object'::text)),
    CONSTRAINT change_log_old_values_object CHECK ((jsonb_typeof(old_values) = 'object'::text)),
    CONSTRAINT change_log_row_id_given CHECK (((row_id IS NOT NULL) OR (action = 'truncate'::core.change_action)))
);

--
-- Name: TABLE change_log_default; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON TABLE core.change_log_default IS 'Takes the changes of months that core.keep_partitions has not made yet.';

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
-- Name: partitioned_table; Type: TABLE; Schema: core; Owner: -
--

CREATE TABLE core.partitioned_table (
    table_name text NOT NULL,
    retention_days bigint,
    CONSTRAINT partitioned_table_retention_days_range CHECK (((retention_days >= 1) AND (retention_days <= 36500))),
    CONSTRAINT partitioned_table_table_name_length CHECK (((char_length(table_name) >= 1) AND (char_length(table_name) <= 200)))
);

--
-- Name: TABLE partitioned_table; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON TABLE core.partitioned_table IS 'Tables that core.keep_partitions keeps: partitioned by month (UTC) on one timestamptz column, with a default partition that takes what has no month of its own.';

--
-- Name: COLUMN partitioned_table.table_name; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON COLUMN core.partitioned_table.table_name IS 'With its schema, quoted where SQL needs it: `core.change_log`. There may be none of that name (any more).';

--
-- Name: COLUMN partitioned_table.retention_days; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON COLUMN core.partitioned_table.retention_days IS 'A month is dropped when all of it is older, and rows of the default partition with it; NULL: rows stay for ever.';

--
-- Name: service; Type: TABLE; Schema: registry; Owner: -
--

CREATE TABLE registry.service (
    service_id uuid DEFAULT core.new_id() NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    display_name text,
    description text,
    build_type registry.service_build_type DEFAULT 'custom'::registry.service_build_type NOT NULL,
    protocol registry.service_protocol DEFAULT 'stdio'::registry.service_protocol NOT NULL,
    priority registry.service_priority DEFAULT 'medium'::registry.service_priority NOT NULL,
    status registry.service_status DEFAULT 'unknown'::registry.service_status NOT NULL,
    location text,
    endpoint text,
    port bigint,
    version text,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    config jsonb DEFAULT '{}'::jsonb NOT NULL,
    health_check_url text,
    is_active boolean DEFAULT true NOT NULL,
    is_required boolean DEFAULT false NOT NULL,
    is_enabled boolean DEFAULT true NOT NULL,
    is_auto_start boolean DEFAULT false NOT NULL,
    source text,
    registry_url text,
    last_health_check_at timestamp(3) with time zone,
    response_time_ms double precision,
    last_seen_at timestamp(3) with time zone,
    success_count bigint DEFAULT 0 NOT NULL,
    failure_count bigint DEFAULT 0 NOT NULL,
    health_score double precision,
    created_by text DEFAULT core.actor() NOT NULL,
    updated_by text DEFAULT core.actor() NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp(3) with time zone,
    success_percent bigint GENERATED ALWAYS AS ((5 * ((20 * success_count) / NULLIF((success_count + failure_count), 0)))) STORED,
    health_rank bigint GENERATED ALWAYS AS (COALESCE((floor((health_score * (5)::double precision)))::bigint, ('-1'::integer)::bigint)) STORED NOT NULL,
    response_time_class bigint GENERATED ALWAYS AS (COALESCE(registry.response_time_class(response_time_ms), (100)::bigint)) STORED NOT NULL,
    last_seen_hour timestamp(3) with time zone GENERATED ALWAYS AS (registry.seen_hour(last_seen_at)) STORED,
    search tsvector DEFAULT ''::tsvector NOT NULL,
    CONSTRAINT service_config_object CHECK ((jsonb_typeof(config) = 'object'::text)),
    CONSTRAINT service_description_length CHECK ((char_length(description) <= 10000)),
    CONSTRAINT service_display_name_length CHECK (((char_length(display_name) >= 1) AND (char_length(display_name) <= 200))),
    CONSTRAINT service_endpoint_length CHECK (((char_length(endpoint) >= 1) AND (char_length(endpoint) <= 2000))),
    CONSTRAINT service_failure_count_range CHECK (((failure_count >= 0) AND (failure_count <= '1000000000000000'::bigint))),
    CONSTRAINT service_health_check_url_length CHECK (((char_length(health_check_url) >= 1) AND (char_length(health_check_url) <= 2000))),
    CONSTRAINT service_health_score_range CHECK (((health_score >= (0)::double precision) AND (health_score <= (1)::double precision))),
    CONSTRAINT service_location_length CHECK (((char_length(location) >= 1) AND (char_length(location) <= 2000))),
    CONSTRAINT service_metadata_object CHECK ((jsonb_typeof(metadata) = 'object'::text)),
    CONSTRAINT service_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
    CONSTRAINT service_port_range CHECK (((port >= 1) AND (port <= 65535))),
    CONSTRAINT service_registry_url_length CHECK (((char_length(registry_url) >= 1) AND (char_length(registry_url) <= 2000))),
    CONSTRAINT service_response_time_ms_range CHECK (((response_time_ms >= (0)::double precision) AND (response_time_ms <= ('1000000000'::numeric)::double precision))),
    CONSTRAINT service_source_length CHECK (((char_length(source) >= 1) AND (char_length(source) <= 2000))),
    CONSTRAINT service_success_count_range CHECK (((success_count >= 0) AND (success_count <= '1000000000000000'::bigint))),
    CONSTRAINT service_tags_elements CHECK ((array_position(tags, NULL::text) IS NULL)),
    CONSTRAINT service_times_finite CHECK ((isfinite(created_at) AND isfinite(updated_at) AND isfinite(deleted_at) AND isfinite(last_seen_at) AND isfinite(last_health_check_at))),
    CONSTRAINT service_version_length CHECK (((char_length(version) >= 1) AND (char_length(version) <= 100)))
)
WITH (fillfactor='70');

--
-- Name: TABLE service; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON TABLE registry.service IS 'A service that agents discover and use, such as an MCP server.';

--
-- Name: COLUMN service.name; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.name IS 'Unique among those that are not deleted.';

--
-- Name: COLUMN service.display_name; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.display_name IS 'NULL: the name is shown.';

--
-- Name: COLUMN service.description; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.description IS 'NULL: none.';

--
-- Name: COLUMN service.location; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.location IS 'Where it is kept: a path, an image, a package; NULL: not known.';

--
-- Name: COLUMN service.endpoint; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.endpoint IS 'Where it is reached; NULL: not known, or none.';

--
-- Name: COLUMN service.port; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.port IS '1 to 65535; NULL: none.';

--
-- Name: COLUMN service.version; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.version IS 'In any scheme; NULL: not known.';

--
-- Name: COLUMN service.metadata; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.metadata IS 'An object: what is known of it beside the columns.';

--
-- Name: COLUMN service.config; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.config IS '@secret An object: how it is set up. It may hold credentials: the change log never has its values.';

--
-- Name: COLUMN service.health_check_url; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.health_check_url IS 'NULL: none.';

--
-- Name: COLUMN service.is_active; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.is_active IS 'Whether it is in use at all.';

--
-- Name: COLUMN service.is_required; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.is_required IS 'Whether agents cannot work without it.';

--
-- Name: COLUMN service.is_enabled; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.is_enabled IS 'Whether agents may use it.';

--
-- Name: COLUMN service.is_auto_start; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.is_auto_start IS 'Whether it is started with the agents.';

--
-- Name: COLUMN service.source; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.source IS 'Where it comes from, such as a repository; NULL: not known.';

--
-- Name: COLUMN service.registry_url; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.registry_url IS 'The registry that it was found in; NULL: none.';

--
-- Name: COLUMN service.last_health_check_at; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.last_health_check_at IS '@noisy NULL: never checked.';

--
-- Name: COLUMN service.response_time_ms; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.response_time_ms IS '@noisy Of the latest health check that had an answer, in ms; NULL: none had.';

--
-- Name: COLUMN service.last_seen_at; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.last_seen_at IS '@noisy NULL: never seen.';

--
-- Name: COLUMN service.success_count; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.success_count IS '@noisy Health checks that found it healthy.';

--
-- Name: COLUMN service.failure_count; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.failure_count IS '@noisy Health checks that found it unhealthy.';

--
-- Name: COLUMN service.health_score; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.health_score IS '@noisy Share of successful health checks, 0 to 1, the recent ones weighted more; NULL: never checked.';

--
-- Name: COLUMN service.created_by; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.created_by IS 'The actor that created it; kept by trigger.';

--
-- Name: COLUMN service.updated_by; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.updated_by IS '@noisy The actor of the last update that changed something other than health; kept by trigger.';

--
-- Name: COLUMN service.created_at; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.created_at IS 'Never changes.';

--
-- Name: COLUMN service.updated_at; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.updated_at IS '@noisy Time of the last update that changed something other than health; kept by trigger.';

--
-- Name: COLUMN service.deleted_at; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.deleted_at IS 'NULL: not deleted.';

--
-- Name: COLUMN service.success_percent; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.success_percent IS '@noisy Share of successful health checks in percent, rounded down to a multiple of five; NULL: never checked. Generated, for the index.';

--
-- Name: COLUMN service.health_rank; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.health_rank IS '@noisy Five times the health score, rounded down; -1: never checked. Generated, for the index.';

--
-- Name: COLUMN service.response_time_class; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.response_time_class IS '@noisy See registry.response_time_class; 100: none. Generated, for the index.';

--
-- Name: COLUMN service.last_seen_hour; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.last_seen_hour IS '@noisy See registry.seen_hour. Generated, for the index.';

--
-- Name: COLUMN service.search; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service.search IS '@noisy See registry.service_search; kept by trigger. Asked by registry.service_query.';

--
-- Name: service_dependency; Type: TABLE; Schema: registry; Owner: -
--

CREATE TABLE registry.service_dependency (
    service_dependency_id uuid DEFAULT core.new_id() NOT NULL,
    service_id uuid NOT NULL,
    depends_on_id uuid NOT NULL,
    kind registry.service_dependency_kind DEFAULT 'required'::registry.service_dependency_kind NOT NULL,
    created_by text DEFAULT core.actor() NOT NULL,
    updated_by text DEFAULT core.actor() NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    CONSTRAINT service_dependency_no_self CHECK ((service_id <> depends_on_id))
);

--
-- Name: TABLE service_dependency; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON TABLE registry.service_dependency IS 'That a service needs another. Required ones form no cycle, those of deleted services included: see service_dependency_acyclic in registry.check_service_dependency.';

--
-- Name: COLUMN service_dependency.service_id; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service_dependency.service_id IS 'The service that needs the other.';

--
-- Name: COLUMN service_dependency.depends_on_id; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service_dependency.depends_on_id IS 'The service that is needed.';

--
-- Name: COLUMN service_dependency.created_by; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service_dependency.created_by IS 'The actor that created it; kept by trigger.';

--
-- Name: COLUMN service_dependency.updated_by; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service_dependency.updated_by IS '@noisy The actor of the last update; kept by trigger.';

--
-- Name: COLUMN service_dependency.created_at; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service_dependency.created_at IS 'Never changes.';

--
-- Name: COLUMN service_dependency.updated_at; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service_dependency.updated_at IS '@noisy Time of the last update; kept by trigger.';

--
-- Name: service_dependency_guard; Type: TABLE; Schema: registry; Owner: -
--

CREATE TABLE registry.service_dependency_guard (
    is_only boolean DEFAULT true NOT NULL,
    turns bigint DEFAULT 0 NOT NULL,
    CONSTRAINT service_dependency_guard_is_only CHECK (is_only)
)
WITH (fillfactor='50');

--
-- Name: TABLE service_dependency_guard; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON TABLE registry.service_dependency_guard IS 'One row, which every transaction updates that adds required dependencies: they are checked for cycles one behind the other.';

--
-- Name: COLUMN service_dependency_guard.is_only; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service_dependency_guard.is_only IS 'There is one row.';

--
-- Name: COLUMN service_dependency_guard.turns; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service_dependency_guard.turns IS 'How often required dependencies were added.';

--
-- Name: service_health_check; Type: TABLE; Schema: registry; Owner: -
--

CREATE TABLE registry.service_health_check (
    service_health_check_id uuid DEFAULT core.new_id() NOT NULL,
    service_id uuid NOT NULL,
    checked_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    status registry.health_check_status NOT NULL,
    response_time_ms double precision,
    error text,
    reported_by text DEFAULT core.actor() NOT NULL,
    CONSTRAINT service_health_check_error_length CHECK (((char_length(error) >= 1) AND (char_length(error) <= 1000))),
    CONSTRAINT service_health_check_error_status CHECK (((error IS NULL) OR (status = 'unhealthy'::registry.health_check_status))),
    CONSTRAINT service_health_check_response_time_ms_range CHECK (((response_time_ms >= (0)::double precision) AND (response_time_ms <= ('1000000000'::numeric)::double precision)))
)
PARTITION BY RANGE (checked_at);

--
-- Name: TABLE service_health_check; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON TABLE registry.service_health_check IS 'A health check of a service, as it was reported. Time series: partitioned by month, old months are dropped.';

--
-- Name: COLUMN service_health_check.service_health_check_id; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service_health_check.service_health_check_id IS 'Sorts the checks of one time in the order in which they were taken in.';

--
-- Name: COLUMN service_health_check.checked_at; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service_health_check.checked_at IS 'When it was checked, as the reporter says; else when the report was taken in.';

--
-- Name: COLUMN service_health_check.response_time_ms; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service_health_check.response_time_ms IS 'In ms; NULL: there was no answer.';

--
-- Name: COLUMN service_health_check.error; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service_health_check.error IS 'Why it was found unhealthy, in short; NULL: not known, or healthy.';

--
-- Name: COLUMN service_health_check.reported_by; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON COLUMN registry.service_health_check.reported_by IS 'The actor that reported it.';

--
-- Name: service_health_check_default; Type: TABLE; Schema: registry; Owner: -
--

CREATE TABLE registry.service_health_check_default (
    service_health_check_id uuid DEFAULT core.new_id() CONSTRAINT service_health_check_service_health_check_id_not_null NOT NULL,
    service_id uuid CONSTRAINT service_health_check_service_id_not_null NOT NULL,
    checked_at timestamp(3) with time zone DEFAULT now() CONSTRAINT service_health_check_checked_at_not_null NOT NULL,
    status registry.health_check_status CONSTRAINT service_health_check_status_not_null NOT NULL,
    response_time_ms double precision,
    error text,
    reported_by text DEFAULT core.actor() CONSTRAINT service_health_check_reported_by_not_null NOT NULL,
    CONSTRAINT service_health_check_error_length CHECK (((char_length(error) >= 1) AND (char_length(error) <= 1000))),
    CONSTRAINT service_health_check_error_status CHECK (((error IS NULL) OR (status = 'unhealthy'::registry.health_check_status))),
    CONSTRAINT service_health_check_response_time_ms_range CHECK (((response_time_ms >= (0)::double precision) AND (response_time_ms <= ('1000000000'::numeric)::double precision)))
);

--
-- Name: TABLE service_health_check_default; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON TABLE registry.service_health_check_default IS 'Health checks of months that have no partition of their own.';

--
-- Name: change_log_default; Type: TABLE ATTACH; Schema: core; Owner: -
--

ALTER TABLE ONLY core.change_log ATTACH PARTITION core.change_log_default DEFAULT;

--
-- Name: service_health_check_default; Type: TABLE ATTACH; Schema: registry; Owner: -
--

ALTER TABLE ONLY registry.service_health_check ATTACH PARTITION registry.service_health_check_default DEFAULT;

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
-- Name: change_log change_log_pkey; Type: CONSTRAINT; Schema: core; Owner: -
--

ALTER TABLE ONLY core.change_log
    ADD CONSTRAINT change_log_pkey PRIMARY KEY (changed_at, change_id);

--
-- Name: change_log_default change_log_default_pkey; Type: CONSTRAINT; Schema: core; Owner: -
--

ALTER TABLE ONLY core.change_log_default
    ADD CONSTRAINT change_log_default_pkey PRIMARY KEY (changed_at, change_id);

--
-- Name: operation operation_pkey; Type: CONSTRAINT; Schema: core; Owner: -
--

ALTER TABLE ONLY core.operation
    ADD CONSTRAINT operation_pkey PRIMARY KEY (operation_id);

--
-- Name: partitioned_table partitioned_table_pkey; Type: CONSTRAINT; Schema: core; Owner: -
--

ALTER TABLE ONLY core.partitioned_table
    ADD CONSTRAINT partitioned_table_pkey PRIMARY KEY (table_name);

--
-- Name: service_dependency_guard service_dependency_guard_pkey; Type: CONSTRAINT; Schema: registry; Owner: -
--

ALTER TABLE ONLY registry.service_dependency_guard
    ADD CONSTRAINT service_dependency_guard_pkey PRIMARY KEY (is_only);

--
-- Name: service_dependency service_dependency_pkey; Type: CONSTRAINT; Schema: registry; Owner: -
--

ALTER TABLE ONLY registry.service_dependency
    ADD CONSTRAINT service_dependency_pkey PRIMARY KEY (service_dependency_id);

--
-- Name: service_dependency service_dependency_service_id_depends_on_id_key; Type: CONSTRAINT; Schema: registry; Owner: -
--

ALTER TABLE ONLY registry.service_dependency
    ADD CONSTRAINT service_dependency_service_id_depends_on_id_key UNIQUE (service_id, depends_on_id) INCLUDE (kind);

--
-- Name: service_health_check service_health_check_pkey; Type: CONSTRAINT; Schema: registry; Owner: -
--

ALTER TABLE ONLY registry.service_health_check
    ADD CONSTRAINT service_health_check_pkey PRIMARY KEY (checked_at, service_health_check_id);

--
-- Name: service_health_check_default service_health_check_default_pkey; Type: CONSTRAINT; Schema: registry; Owner: -
--

ALTER TABLE ONLY registry.service_health_check_default
    ADD CONSTRAINT service_health_check_default_pkey PRIMARY KEY (checked_at, service_health_check_id);

--
-- Name: service service_pkey; Type: CONSTRAINT; Schema: registry; Owner: -
--

ALTER TABLE ONLY registry.service
    ADD CONSTRAINT service_pkey PRIMARY KEY (service_id);

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
-- Name: change_log_actor_idx; Type: INDEX; Schema: core; Owner: -
--

CREATE INDEX change_log_actor_idx ON ONLY core.change_log USING btree (actor, changed_at);

--
-- Name: change_log_default_actor_changed_at_idx; Type: INDEX; Schema: core; Owner: -
--

CREATE INDEX change_log_default_actor_changed_at_idx ON core.change_log_default USING btree (actor, changed_at);

--
-- Name: change_log_row_id_idx; Type: INDEX; Schema: core; Owner: -
--

CREATE INDEX change_log_row_id_idx ON ONLY core.change_log USING btree (row_id, changed_at);

--
-- Name: INDEX change_log_row_id_idx; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON INDEX core.change_log_row_id_idx IS 'Serves the history of a row. Ids are unique over all tables.';

--
-- Name: change_log_default_row_id_changed_at_idx; Type: INDEX; Schema: core; Owner: -
--

CREATE INDEX change_log_default_row_id_changed_at_idx ON core.change_log_default USING btree (row_id, changed_at);

--
-- Name: change_log_table_name_idx; Type: INDEX; Schema: core; Owner: -
--

CREATE INDEX change_log_table_name_idx ON ONLY core.change_log USING btree (table_name, changed_at);

--
-- Name: change_log_default_table_name_changed_at_idx; Type: INDEX; Schema: core; Owner: -
--

CREATE INDEX change_log_default_table_name_changed_at_idx ON core.change_log_default USING btree (table_name, changed_at);

--
-- Name: change_log_transaction_id_idx; Type: INDEX; Schema: core; Owner: -
--

CREATE INDEX change_log_transaction_id_idx ON ONLY core.change_log USING btree (transaction_id);

--
-- Name: change_log_default_transaction_id_idx; Type: INDEX; Schema: core; Owner: -
--

CREATE INDEX change_log_default_transaction_id_idx ON core.change_log_default USING btree (transaction_id);

--
-- Name: operation_created_at_idx; Type: INDEX; Schema: core; Owner: -
--

CREATE INDEX operation_created_at_idx ON core.operation USING btree (created_at);

--
-- Name: INDEX operation_created_at_idx; Type: COMMENT; Schema: core; Owner: -
--

COMMENT ON INDEX core.operation_created_at_idx IS 'Serves the deletion of old ones.';

--
-- Name: service_build_type_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_build_type_idx ON registry.service USING btree (build_type);

--
-- Name: service_created_at_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_created_at_idx ON registry.service USING btree (created_at, service_id);

--
-- Name: service_deleted_at_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_deleted_at_idx ON registry.service USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);

--
-- Name: INDEX service_deleted_at_idx; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON INDEX registry.service_deleted_at_idx IS 'Finds what is to be purged.';

--
-- Name: service_dependency_depends_on_id_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_dependency_depends_on_id_idx ON registry.service_dependency USING btree (depends_on_id, service_id) INCLUDE (kind);

--
-- Name: service_endpoint_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_endpoint_idx ON registry.service USING hash (endpoint);

--
-- Name: service_health_check_service_id_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_health_check_service_id_idx ON ONLY registry.service_health_check USING btree (service_id, checked_at DESC, service_health_check_id DESC);

--
-- Name: INDEX service_health_check_service_id_idx; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON INDEX registry.service_health_check_service_id_idx IS 'Walks the checks of one service, newest first.';

--
-- Name: service_health_check_default_service_id_checked_at_service__idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_health_check_default_service_id_checked_at_service__idx ON registry.service_health_check_default USING btree (service_id, checked_at DESC, service_health_check_id DESC);

--
-- Name: service_health_rank_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_health_rank_idx ON registry.service USING btree (health_rank);

--
-- Name: INDEX service_health_rank_idx; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON INDEX registry.service_health_rank_idx IS 'Sorts by health score: rows of one rank are sorted when they are read.';

--
-- Name: service_last_seen_hour_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_last_seen_hour_idx ON registry.service USING btree (last_seen_hour);

--
-- Name: service_metadata_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_metadata_idx ON registry.service USING gin (metadata jsonb_path_ops);

--
-- Name: service_name_key; Type: INDEX; Schema: registry; Owner: -
--

CREATE UNIQUE INDEX service_name_key ON registry.service USING btree (name) WHERE (deleted_at IS NULL);

--
-- Name: INDEX service_name_key; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON INDEX registry.service_name_key IS 'Names are unique among those that are not deleted.';

--
-- Name: service_priority_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_priority_idx ON registry.service USING btree (priority, name, service_id);

--
-- Name: INDEX service_priority_idx; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON INDEX registry.service_priority_idx IS 'Those of a priority, and all by priority and name.';

--
-- Name: service_protocol_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_protocol_idx ON registry.service USING btree (protocol);

--
-- Name: service_response_time_class_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_response_time_class_idx ON registry.service USING btree (response_time_class);

--
-- Name: INDEX service_response_time_class_idx; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON INDEX registry.service_response_time_class_idx IS 'Ranges of response times, and sorts by them: rows of one class are sorted when they are read.';

--
-- Name: service_search_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_search_idx ON registry.service USING gin (search);

--
-- Name: service_stale_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_stale_idx ON registry.service USING btree (COALESCE(last_seen_hour, '1970-01-01 00:00:00+00'::timestamp with time zone));

--
-- Name: INDEX service_stale_idx; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON INDEX registry.service_stale_idx IS 'Finds the services that were not seen for long, the longest first; never seen counts as seen in 1970.';

--
-- Name: service_status_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_status_idx ON registry.service USING btree (status);

--
-- Name: service_success_percent_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_success_percent_idx ON registry.service USING btree (success_percent);

--
-- Name: service_tags_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_tags_idx ON registry.service USING gin (tags);

--
-- Name: service_text_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_text_idx ON registry.service USING gin (registry.service_text(name, display_name, tags) public.gin_trgm_ops);

--
-- Name: INDEX service_text_idx; Type: COMMENT; Schema: registry; Owner: -
--

COMMENT ON INDEX registry.service_text_idx IS 'Patterns of names, and names with typos.';

--
-- Name: service_updated_at_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_updated_at_idx ON registry.service USING btree (updated_at);

--
-- Name: service_version_idx; Type: INDEX; Schema: registry; Owner: -
--

CREATE INDEX service_version_idx ON registry.service USING btree (version);

--
-- Name: change_log_default_actor_changed_at_idx; Type: INDEX ATTACH; Schema: core; Owner: -
--

ALTER INDEX core.change_log_actor_idx ATTACH PARTITION core.change_log_default_actor_changed_at_idx;

--
-- Name: change_log_default_pkey; Type: INDEX ATTACH; Schema: core; Owner: -
--

ALTER INDEX core.change_log_pkey ATTACH PARTITION core.change_log_default_pkey;

--
-- Name: change_log_default_row_id_changed_at_idx; Type: INDEX ATTACH; Schema: core; Owner: -
--

ALTER INDEX core.change_log_row_id_idx ATTACH PARTITION core.change_log_default_row_id_changed_at_idx;

--
-- Name: change_log_default_table_name_changed_at_idx; Type: INDEX ATTACH; Schema: core; Owner: -
--

ALTER INDEX core.change_log_table_name_idx ATTACH PARTITION core.change_log_default_table_name_changed_at_idx;

--
-- Name: change_log_default_transaction_id_idx; Type: INDEX ATTACH; Schema: core; Owner: -
--

ALTER INDEX core.change_log_transaction_id_idx ATTACH PARTITION core.change_log_default_transaction_id_idx;

--
-- Name: service_health_check_default_pkey; Type: INDEX ATTACH; Schema: registry; Owner: -
--

ALTER INDEX registry.service_health_check_pkey ATTACH PARTITION registry.service_health_check_default_pkey;

--
-- Name: service_health_check_default_service_id_checked_at_service__idx; Type: INDEX ATTACH; Schema: registry; Owner: -
--

ALTER INDEX registry.service_health_check_service_id_idx ATTACH PARTITION registry.service_health_check_default_service_id_checked_at_service__idx;

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
-- Name: change_log change_log_refuse_update; Type: TRIGGER; Schema: core; Owner: -
--

CREATE TRIGGER change_log_refuse_update BEFORE UPDATE ON core.change_log FOR EACH ROW EXECUTE FUNCTION core.refuse_update();

--
-- Name: service service_created; Type: TRIGGER; Schema: registry; Owner: -
--

CREATE TRIGGER service_created BEFORE INSERT ON registry.service FOR EACH ROW EXECUTE FUNCTION core.keep_stamps();

--
-- Name: service_dependency service_dependency_check_inserted; Type: TRIGGER; Schema: registry; Owner: -
--

CREATE TRIGGER service_dependency_check_inserted AFTER INSERT ON registry.service_dependency REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION registry.check_service_dependency();

--
-- Name: service_dependency service_dependency_check_updated; Type: TRIGGER; Schema: registry; Owner: -
--

CREATE TRIGGER service_dependency_check_updated AFTER UPDATE ON registry.service_dependency REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION registry.check_service_dependency();

--
-- Name: service_dependency service_dependency_created; Type: TRIGGER; Schema: registry; Owner: -
--

CREATE TRIGGER service_dependency_created BEFORE INSERT ON registry.service_dependency FOR EACH ROW EXECUTE FUNCTION core.keep_stamps();

--
-- Name: service_dependency service_dependency_hold_stamps; Type: TRIGGER; Schema: registry; Owner: -
--

CREATE TRIGGER service_dependency_hold_stamps BEFORE UPDATE ON registry.service_dependency FOR EACH ROW WHEN (((((old.created_at IS DISTINCT FROM new.created_at) OR (old.created_by IS DISTINCT FROM new.created_by)) OR (old.updated_at IS DISTINCT FROM new.updated_at)) OR (old.updated_by IS DISTINCT FROM new.updated_by))) EXECUTE FUNCTION core.hold_stamps();

--
-- Name: service_dependency service_dependency_keep_stamps; Type: TRIGGER; Schema: registry; Owner: -
--

CREATE TRIGGER service_dependency_keep_stamps BEFORE UPDATE ON registry.service_dependency FOR EACH ROW WHEN (((((old.service_dependency_id IS DISTINCT FROM new.service_dependency_id) OR (old.service_id IS DISTINCT FROM new.service_id)) OR (old.depends_on_id IS DISTINCT FROM new.depends_on_id)) OR (old.kind IS DISTINCT FROM new.kind))) EXECUTE FUNCTION core.keep_stamps();

--
-- Name: service_dependency service_dependency_track_delete; Type: TRIGGER; Schema: registry; Owner: -
--

CREATE TRIGGER service_dependency_track_delete AFTER DELETE ON registry.service_dependency REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION registry.service_dependency_track();

--
-- Name: service_dependency service_dependency_track_insert; Type: TRIGGER; Schema: registry; Owner: -
--

CREATE TRIGGER service_dependency_track_insert AFTER INSERT ON registry.service_dependency REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION registry.service_dependency_track();

--
-- Name: service_dependency service_dependency_track_truncate; Type: TRIGGER; Schema: registry; Owner: -
--

CREATE TRIGGER service_dependency_track_truncate AFTER TRUNCATE ON registry.service_dependency FOR EACH STATEMENT EXECUTE FUNCTION registry.service_dependency_track();

--
-- Name: service_dependency service_dependency_track_update; Type: TRIGGER; Schema: registry; Owner: -
--

CREATE TRIGGER service_dependency_track_update AFTER UPDATE ON registry.service_dependency REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION registry.service_dependency_track();

--
-- Name: service service_hold_stamps; Type: TRIGGER; Schema: registry; Owner: -
--

CREATE TRIGGER service_hold_stamps BEFORE UPDATE ON registry.service FOR EACH ROW WHEN (((((old.created_at IS DISTINCT FROM new.created_at) OR (old.created_by IS DISTINCT FROM new.created_by)) OR (old.updated_at IS DISTINCT FROM new.updated_at)) OR (old.updated_by IS DISTINCT FROM new.updated_by))) EXECUTE FUNCTION core.hold_stamps();

--
-- Name: service service_keep_search; Type: TRIGGER; Schema: registry; Owner: -
--

CREATE TRIGGER service_keep_search BEFORE INSERT OR UPDATE OF name, display_name, tags, description, search ON registry.service FOR EACH ROW EXECUTE FUNCTION registry.keep_service_search();

--
-- Name: service service_keep_stamps; Type: TRIGGER; Schema: registry; Owner: -
--

CREATE TRIGGER service_keep_stamps BEFORE UPDATE ON registry.service FOR EACH ROW WHEN ((((((((((((((((((((((((old.service_id IS DISTINCT FROM new.service_id) OR (old.name IS DISTINCT FROM new.name)) OR (old.display_name IS DISTINCT FROM new.display_name)) OR (old.description IS DISTINCT FROM new.description)) OR (old.build_type IS DISTINCT FROM new.build_type)) OR (old.protocol IS DISTINCT FROM new.protocol)) OR (old.priority IS DISTINCT FROM new.priority)) OR (old.status IS DISTINCT FROM new.status)) OR (old.location IS DISTINCT FROM new.location)) OR (old.endpoint IS DISTINCT FROM new.endpoint)) OR (old.port IS DISTINCT FROM new.port)) OR (old.version IS DISTINCT FROM new.version)) OR (old.tags IS DISTINCT FROM new.tags)) OR (old.metadata IS DISTINCT FROM new.metadata)) OR (old.config IS DISTINCT FROM new.config)) OR (old.health_check_url IS DISTINCT FROM new.health_check_url)) OR (old.is_active IS DISTINCT FROM new.is_active)) OR (old.is_required IS DISTINCT FROM new.is_required)) OR (old.is_enabled IS DISTINCT FROM new.is_enabled)) OR (old.is_auto_start IS DISTINCT FROM new.is_auto_start)) OR (old.source IS DISTINCT FROM new.source)) OR (old.registry_url IS DISTINCT FROM new.registry_url)) OR (old.deleted_at IS DISTINCT FROM new.deleted_at))) EXECUTE FUNCTION core.keep_stamps();

--
-- Name: service service_track_delete; Type: TRIGGER; Schema: registry; Owner: -
--

CREATE TRIGGER service_track_delete AFTER DELETE ON registry.service REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION registry.service_track();

--
-- Name: service service_track_insert; Type: TRIGGER; Schema: registry; Owner: -
--

CREATE TRIGGER service_track_insert AFTER INSERT ON registry.service REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION registry.service_track();

--
-- Name: service service_track_truncate; Type: TRIGGER; Schema: registry; Owner: -
--

CREATE TRIGGER service_track_truncate AFTER TRUNCATE ON registry.service FOR EACH STATEMENT EXECUTE FUNCTION registry.service_track();

--
-- Name: service service_track_update; Type: TRIGGER; Schema: registry; Owner: -
--

CREATE TRIGGER service_track_update AFTER UPDATE ON registry.service REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION registry.service_track();

--
-- Name: modification modification_project_context_id_fkey; Type: FK CONSTRAINT; Schema: agent; Owner: -
--

ALTER TABLE ONLY agent.modification
    ADD CONSTRAINT modification_project_context_id_fkey FOREIGN KEY (project_context_id) REFERENCES agent.project_context(project_context_id) ON DELETE CASCADE;

--
-- Name: service_dependency service_dependency_depends_on_id_fkey; Type: FK CONSTRAINT; Schema: registry; Owner: -
--

ALTER TABLE ONLY registry.service_dependency
    ADD CONSTRAINT service_dependency_depends_on_id_fkey FOREIGN KEY (depends_on_id) REFERENCES registry.service(service_id) ON DELETE CASCADE;

--
-- Name: service_dependency service_dependency_service_id_fkey; Type: FK CONSTRAINT; Schema: registry; Owner: -
--

ALTER TABLE ONLY registry.service_dependency
    ADD CONSTRAINT service_dependency_service_id_fkey FOREIGN KEY (service_id) REFERENCES registry.service(service_id) ON DELETE CASCADE;

--
-- Name: service_health_check service_health_check_service_id_fkey; Type: FK CONSTRAINT; Schema: registry; Owner: -
--

ALTER TABLE registry.service_health_check
    ADD CONSTRAINT service_health_check_service_id_fkey FOREIGN KEY (service_id) REFERENCES registry.service(service_id) ON DELETE CASCADE;
