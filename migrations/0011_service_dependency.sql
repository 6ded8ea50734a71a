-- Up Migration
-- Why: what services need of each other, never in a circle. Locks: SHARE ROW EXCLUSIVE on registry.service for the foreign
-- keys, briefly. Old code: not affected.

CREATE TYPE registry.service_dependency_kind AS ENUM ('required', 'optional');
COMMENT ON TYPE registry.service_dependency_kind IS 'Whether a service works without the other.';

CREATE TABLE registry.service_dependency (
  service_dependency_id uuid NOT NULL DEFAULT core.new_id(),
  service_id uuid NOT NULL,
  depends_on_id uuid NOT NULL,
  kind registry.service_dependency_kind NOT NULL DEFAULT 'required',
  created_by text NOT NULL DEFAULT core.actor(),
  updated_by text NOT NULL DEFAULT core.actor(),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT service_dependency_pkey PRIMARY KEY (service_dependency_id),
  -- The kind rides along: a walk through the graph reads the index alone.
  CONSTRAINT service_dependency_service_id_depends_on_id_key UNIQUE (service_id, depends_on_id) INCLUDE (kind),
  CONSTRAINT service_dependency_service_id_fkey
    FOREIGN KEY (service_id) REFERENCES registry.service (service_id) ON DELETE CASCADE,
  CONSTRAINT service_dependency_depends_on_id_fkey
    FOREIGN KEY (depends_on_id) REFERENCES registry.service (service_id) ON DELETE CASCADE,
  CONSTRAINT service_dependency_no_self CHECK (service_id <> depends_on_id)
);

COMMENT ON TABLE registry.service_dependency IS
  'That a service needs another. Required ones form no cycle, those of deleted services included: see service_dependency_acyclic in registry.check_service_dependency.';
COMMENT ON COLUMN registry.service_dependency.service_id IS 'The service that needs the other.';
COMMENT ON COLUMN registry.service_dependency.depends_on_id IS 'The service that is needed.';
COMMENT ON COLUMN registry.service_dependency.created_by IS 'The actor that created it; kept by trigger.';
COMMENT ON COLUMN registry.service_dependency.updated_by IS '@noisy The actor of the last update; kept by trigger.';
COMMENT ON COLUMN registry.service_dependency.created_at IS 'Never changes.';
COMMENT ON COLUMN registry.service_dependency.updated_at IS '@noisy Time of the last update; kept by trigger.';

CREATE INDEX service_dependency_depends_on_id_idx
  ON registry.service_dependency (depends_on_id, service_id) INCLUDE (kind);

-- Two transactions that each add one half of a cycle see nothing of each other. So they go one behind the other, by the
-- update of this row: in READ COMMITTED the second waits, and its check then sees what the first has added; with one
-- snapshot for the whole transaction it would not see it even then, and is refused by the server (40001) instead. An
-- advisory lock would let it pass.
CREATE TABLE registry.service_dependency_guard (
  is_only boolean NOT NULL DEFAULT true,
  turns bigint NOT NULL DEFAULT 0,
  CONSTRAINT service_dependency_guard_pkey PRIMARY KEY (is_only),
  CONSTRAINT service_dependency_guard_is_only CHECK (is_only)
)
WITH (fillfactor = 50);
COMMENT ON TABLE registry.service_dependency_guard IS
  'One row, which every transaction updates that adds required dependencies: they are checked for cycles one behind the other.';
COMMENT ON COLUMN registry.service_dependency_guard.is_only IS 'There is one row.';
COMMENT ON COLUMN registry.service_dependency_guard.turns IS 'How often required dependencies were added.';
INSERT INTO registry.service_dependency_guard DEFAULT VALUES;

-- A cycle has one of the new dependencies in it, so all of it can be reached from where one leads; and in a cycle each
-- service is needed and needs another, which ends most checks at once: who needs a new service? Of a table that has just
-- been filled the planner does not know that it is large, nor what is in it, and would read all of it at each step: OFFSET 0
-- has each step planned by itself, and then the index is used. To compile the plan takes longer than most walks.
CREATE FUNCTION registry.reach_required(from_ids uuid[], to_ids uuid[]) RETURNS uuid[]
  LANGUAGE sql STABLE STRICT
  SET enable_seqscan = off
  SET jit = off
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
COMMENT ON FUNCTION registry.reach_required(uuid[], uuid[]) IS
  'What can be reached by required dependencies from the second service of each pair, of those pairs that may be in a cycle; NULL: none may.';

-- A depth-first search, in time linear to the edges. Services are numbered, as an array can be written at a number in no
-- time. The edges of service n are those from first[n] to first[n + 1] - 1. The setting: of the length of an array the
-- planner knows nothing, and would compare each edge with each service.
CREATE FUNCTION registry.find_required_cycle(within_ids uuid[]) RETURNS uuid[]
  LANGUAGE plpgsql STABLE STRICT
  SET enable_nestloop = off
  SET jit = off
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
COMMENT ON FUNCTION registry.find_required_cycle(uuid[]) IS
  'A cycle of required dependencies among the given services: each requires the next, and the last the first. NULL: there is none.';

-- Runs after each statement, so that a bulk is one check; COPY and MERGE are such statements, too.
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
COMMENT ON FUNCTION registry.check_service_dependency() IS
  'AFTER INSERT OR UPDATE statement trigger: refuses a cycle of required dependencies, as constraint service_dependency_acyclic whose detail names it as a JSON array.';

CREATE TRIGGER service_dependency_created
  BEFORE INSERT ON registry.service_dependency
  FOR EACH ROW
  EXECUTE FUNCTION core.keep_stamps();
CREATE TRIGGER service_dependency_hold_stamps
  BEFORE UPDATE ON registry.service_dependency
  FOR EACH ROW
  WHEN (
    (OLD.created_at, OLD.created_by, OLD.updated_at, OLD.updated_by)
      IS DISTINCT FROM (NEW.created_at, NEW.created_by, NEW.updated_at, NEW.updated_by)
  )
  EXECUTE FUNCTION core.hold_stamps();
CREATE TRIGGER service_dependency_keep_stamps
  BEFORE UPDATE ON registry.service_dependency
  FOR EACH ROW
  WHEN (
    (OLD.service_dependency_id, OLD.service_id, OLD.depends_on_id, OLD.kind)
      IS DISTINCT FROM (NEW.service_dependency_id, NEW.service_id, NEW.depends_on_id, NEW.kind)
  )
  EXECUTE FUNCTION core.keep_stamps();
CREATE TRIGGER service_dependency_check_inserted
  AFTER INSERT ON registry.service_dependency
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT
  EXECUTE FUNCTION registry.check_service_dependency();
CREATE TRIGGER service_dependency_check_updated
  AFTER UPDATE ON registry.service_dependency
  REFERENCING OLD TABLE AS removed NEW TABLE AS added
  FOR EACH STATEMENT
  EXECUTE FUNCTION registry.check_service_dependency();

-- Breadth first, level by level, which alone gives the shortest depth in time linear to the edges: a recursive query would
-- follow each service once for each depth, and a cycle of optional dependencies for ever. The settings: as in
-- registry.reach_required.
CREATE FUNCTION registry.reach_service(
  from_id uuid,
  is_upward boolean,
  kinds registry.service_dependency_kind[],
  max_depth bigint,
  is_running_only boolean
) RETURNS TABLE (service_id uuid, depth bigint)
  LANGUAGE plpgsql STABLE STRICT
  SET enable_seqscan = off
  SET jit = off
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
COMMENT ON FUNCTION registry.reach_service(uuid, boolean, registry.service_dependency_kind[], bigint, boolean) IS
  'What a service needs, or (is_upward) what needs it, with the least number of dependencies on the way; never itself. Deleted services are not there, nor any way through them; with is_running_only those that are not in use either.';

-- Down Migration

DROP FUNCTION registry.reach_service(uuid, boolean, registry.service_dependency_kind[], bigint, boolean);
DROP TABLE registry.service_dependency;
DROP TABLE registry.service_dependency_guard;
DROP FUNCTION registry.check_service_dependency();
DROP FUNCTION registry.find_required_cycle(uuid[]);
DROP FUNCTION registry.reach_required(uuid[], uuid[]);
DROP TYPE registry.service_dependency_kind;
