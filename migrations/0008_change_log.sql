-- Up Migration
-- Why: who changed what and when, for tables that choose it, in psql too; announcements to those who listen; and upkeep of
-- tables that are partitioned by month. Locks: none, only new objects. Old code: not affected.

-- Partitions -----------------------------------------------------------------------------------------------------------

CREATE TABLE core.partitioned_table (
  table_name text NOT NULL,
  retention_days bigint,
  CONSTRAINT partitioned_table_pkey PRIMARY KEY (table_name),
  CONSTRAINT partitioned_table_table_name_length CHECK (char_length(table_name) BETWEEN 1 AND 200),
  CONSTRAINT partitioned_table_retention_days_range CHECK (retention_days BETWEEN 1 AND 36500)
);
COMMENT ON TABLE core.partitioned_table IS
  'Tables that core.keep_partitions keeps: partitioned by month (UTC) on one timestamptz column, with a default partition that takes what has no month of its own.';
COMMENT ON COLUMN core.partitioned_table.table_name IS 'With its schema, quoted where SQL needs it: `core.change_log`. There may be none of that name (any more).';
COMMENT ON COLUMN core.partitioned_table.retention_days IS
  'A month is dropped when all of it is older, and rows of the default partition with it; NULL: rows stay for ever.';

CREATE FUNCTION core.list_partitions()
  RETURNS TABLE (
    table_name text,
    partition_name text,
    starts_at timestamptz,
    ends_at timestamptz,
    is_default boolean,
    has_rows boolean,
    size_bytes bigint,
    retention_days bigint
  )
  LANGUAGE plpgsql STABLE
  -- The bounds of a partition are written in the time zone of who asks.
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
  SET datestyle = 'ISO'
AS $$
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
$$;
COMMENT ON FUNCTION core.list_partitions() IS
  'The partitions of all that core.keep_partitions keeps. starts_at belongs to the partition, ends_at does not; both are NULL of the default one.';

CREATE FUNCTION core.keep_partitions(only_table text)
  RETURNS TABLE (partition_name text, outcome text, row_count bigint)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET timezone = 'UTC'
  SET datestyle = 'ISO'
  -- Who waits for a lock holds up all who come behind. A table that is busy is kept the next time.
  SET lock_timeout = '2s'
AS $$
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
$$;
COMMENT ON FUNCTION core.keep_partitions(text) IS
  'Keeps the months of one table of core.partitioned_table: drops the old, makes this one, the next two and those of which the default partition has rows, and moves these. To be called by the owner, once a day. Fails with lock_not_available, and has done nothing, when it would wait longer than 2 s.';

-- Change log -----------------------------------------------------------------------------------------------------------

-- Changes of a row within one millisecond stand in their order by their ids. Those of uuidv7() do that; before PostgreSQL 18
-- the 12 bits behind the milliseconds were random, and now are the fraction of the millisecond, as there. In PL/pgSQL as
-- the clock is to be read once: 6.3 us an id, where the expression took 7.7.
DO $$
BEGIN
  IF current_setting('server_version_num')::int < 180000 THEN
    CREATE OR REPLACE FUNCTION core.new_id() RETURNS uuid
      LANGUAGE plpgsql VOLATILE PARALLEL SAFE
    AS $new_id$
    DECLARE
      microseconds CONSTANT bigint := extract(epoch FROM clock_timestamp()) * 1000000;
    BEGIN
      RETURN encode(
        overlay(
          uuid_send(gen_random_uuid())
          PLACING int8send((microseconds / 1000 << 16) | (7 << 12) | (microseconds % 1000 * 4096 / 1000))
          FROM 1 FOR 8
        ),
        'hex'
      )::uuid;
    END
    $new_id$;
  END IF;
END
$$;

CREATE TYPE core.change_action AS ENUM ('insert', 'update', 'delete', 'truncate');
COMMENT ON TYPE core.change_action IS 'What was done to a row; truncate: to all rows of a table.';

CREATE TABLE core.change_log (
  change_id uuid NOT NULL DEFAULT core.new_id(),
  -- Not the start of the transaction: the row was locked by then, so that changes of a row stand in their order.
  changed_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  transaction_id bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
  actor text NOT NULL DEFAULT core.actor(),
  table_name text NOT NULL,
  row_id uuid,
  action core.change_action NOT NULL,
  columns text[] NOT NULL DEFAULT '{}',
  old_values jsonb,
  new_values jsonb,
  CONSTRAINT change_log_pkey PRIMARY KEY (changed_at, change_id),
  CONSTRAINT change_log_row_id_given CHECK (row_id IS NOT NULL OR action = 'truncate'),
  CONSTRAINT change_log_old_values_object CHECK (jsonb_typeof(old_values) = 'object'),
  CONSTRAINT change_log_new_values_object CHECK (jsonb_typeof(new_values) = 'object')
)
PARTITION BY RANGE (changed_at);

CREATE TABLE core.change_log_default PARTITION OF core.change_log DEFAULT;
COMMENT ON TABLE core.change_log_default IS 'Takes the changes of months that core.keep_partitions has not made yet.';

COMMENT ON TABLE core.change_log IS
  'Changes to the rows of those tables that core.track_changes was called for. Rows are never updated, and go by whole months.';
COMMENT ON COLUMN core.change_log.changed_at IS 'When the statement changed the row, not when it was committed.';
COMMENT ON COLUMN core.change_log.transaction_id IS 'The same for all changes of one transaction: pg_current_xact_id().';
COMMENT ON COLUMN core.change_log.actor IS 'Who changed it: see core.actor. No foreign key: who is gone has changed it all the same.';
COMMENT ON COLUMN core.change_log.table_name IS 'With its schema: `registry.service`.';
COMMENT ON COLUMN core.change_log.row_id IS 'The row''s primary key; NULL: all rows (truncate). A change of the key itself is a delete and an insert.';
COMMENT ON COLUMN core.change_log.columns IS 'Which columns changed; of an insert or delete, those that were not NULL. Without the key and what is noisy or generated.';
COMMENT ON COLUMN core.change_log.old_values IS 'Of `columns`, before, without those that are secret; NULL: of an insert or truncate.';
COMMENT ON COLUMN core.change_log.new_values IS 'Of `columns`, after, without those that are secret; NULL: of a delete or truncate.';

-- Without change_id: few rows have a time in common, and each byte is paid for by every tracked change.
CREATE INDEX change_log_row_id_idx ON core.change_log (row_id, changed_at);
CREATE INDEX change_log_table_name_idx ON core.change_log (table_name, changed_at);
CREATE INDEX change_log_actor_idx ON core.change_log (actor, changed_at);
CREATE INDEX change_log_transaction_id_idx ON core.change_log (transaction_id);
COMMENT ON INDEX core.change_log_row_id_idx IS 'Serves the history of a row. Ids are unique over all tables.';

CREATE FUNCTION core.refuse_update() RETURNS trigger
  LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION 'rows of %.% are never updated', TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'object_not_in_prerequisite_state';
END
$$;
COMMENT ON FUNCTION core.refuse_update() IS 'BEFORE UPDATE trigger FOR EACH ROW of a table that is only added to.';

CREATE TRIGGER change_log_refuse_update
  BEFORE UPDATE ON core.change_log
  -- Of a statement on a partition itself a trigger of the table would not hear.
  FOR EACH ROW
  EXECUTE FUNCTION core.refuse_update();

INSERT INTO core.partitioned_table (table_name, retention_days) VALUES ('core.change_log', NULL);

-- A listener gets 8,000 bytes at most: 190 ids of 39 bytes, and the names. Where four do not hold all, one says how many.
-- Identical ones of one transaction arrive once.
CREATE FUNCTION core.announce_changes(table_name text, action core.change_action, row_ids uuid[]) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
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
COMMENT ON FUNCTION core.announce_changes(text, core.change_action, uuid[]) IS
  'Notifies the channel that is named like the table: JSON of `table`, `action`, `count` and `ids`. ids is null when there are more than 760; of a truncate, row_ids, ids and count are.';

-- Tracking: a function made for each table that chooses it. One for all tables would have to turn every row into JSON to find
-- what changed, or to plan its statement anew each time.

CREATE FUNCTION core.tracked_key(tracked regclass) RETURNS name
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
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
COMMENT ON FUNCTION core.tracked_key(regclass) IS 'The column whose value is the row_id of the change log.';

CREATE FUNCTION core.for_tracked_columns(tracked regclass, template text, has_secrets boolean DEFAULT true) RETURNS text
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
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
$$;
COMMENT ON FUNCTION core.for_tracked_columns(regclass, text, boolean) IS
  'Fills in a template for each column: %1$s is its name, %2$s that as a text, %3$s its key in JSON, %4$s whether rows o and n differ in it.';

CREATE FUNCTION core.tracking_source(tracked regclass, is_logged boolean, is_announced boolean) RETURNS text
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
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
$$;
COMMENT ON FUNCTION core.tracking_source(regclass, boolean, boolean) IS 'The body of the trigger function that core.track_changes makes.';

CREATE FUNCTION core.track_changes(tracked regclass, is_logged boolean DEFAULT true, is_announced boolean DEFAULT true)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
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
$$;
COMMENT ON FUNCTION core.track_changes(regclass, boolean, boolean) IS
  'Logs and announces the changes of a table from now on. The comment of a column says what is left out: `@secret` its values, `@noisy` the column, so that a change of nothing else is no change. To be called again when columns or comments have changed; see core.stale_tracking.';

CREATE FUNCTION core.untrack_changes(tracked regclass) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
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
COMMENT ON FUNCTION core.untrack_changes(regclass) IS 'Takes back core.track_changes. What is logged stays.';

CREATE FUNCTION core.stale_tracking() RETURNS SETOF regclass
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
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
COMMENT ON FUNCTION core.stale_tracking() IS
  'Tracked tables whose columns or marks have changed since: to be given to core.track_changes again. None, when all is well.';

-- Down Migration

-- core.new_id stays as it is: its ids are those of before, in a better order.
DROP FUNCTION core.stale_tracking();
DROP FUNCTION core.untrack_changes(regclass);
DROP FUNCTION core.track_changes(regclass, boolean, boolean);
DROP FUNCTION core.tracking_source(regclass, boolean, boolean);
DROP FUNCTION core.for_tracked_columns(regclass, text, boolean);
DROP FUNCTION core.tracked_key(regclass);
DROP FUNCTION core.announce_changes(text, core.change_action, uuid[]);
DROP TABLE core.change_log;
DROP FUNCTION core.refuse_update();
DROP TYPE core.change_action;
DROP FUNCTION core.keep_partitions(text);
DROP FUNCTION core.list_partitions();
DROP TABLE core.partitioned_table;
