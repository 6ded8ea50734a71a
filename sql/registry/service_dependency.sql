/* @name addServiceDependencies */
-- As many rows as there are names, in their order. Services by service_name_key; an id is NULL where there is none of that
-- name, and nothing is written then. Dependencies that would not change are locked but not written. Rows are locked in the
-- order of the key, and then, if required ones are added, the one row of registry.service_dependency_guard.
WITH input AS (
  SELECT
    input.kind,
    input.position,
    service.service_id,
    needed.service_id AS depends_on_id
  FROM
    unnest(:services!::text[], :dependsOn!::text[], :kinds!::registry.service_dependency_kind[])
      WITH ORDINALITY AS input (service, depends_on, kind, position)
    LEFT JOIN registry.service
      ON service.name = input.service
      AND service.deleted_at IS NULL
    LEFT JOIN registry.service AS needed
      ON needed.name = input.depends_on
      AND needed.deleted_at IS NULL
),
written AS (
  INSERT INTO registry.service_dependency AS present (
    service_id,
    depends_on_id,
    kind
  )
  SELECT
    service_id,
    depends_on_id,
    kind
  FROM input
  WHERE
    NOT EXISTS (
      SELECT 1
      FROM input
      WHERE
        service_id IS NULL
        OR depends_on_id IS NULL
    )
  ORDER BY
    service_id,
    depends_on_id
  ON CONFLICT ON CONSTRAINT service_dependency_service_id_depends_on_id_key DO UPDATE SET
    kind = excluded.kind
  WHERE present.kind <> excluded.kind
  RETURNING
    service_id,
    depends_on_id,
    -- A row that this statement inserted was not locked or updated by anyone before: its xmax is zero.
    xmax = 0 AS is_created
)
SELECT
  input.service_id AS "serviceId?",
  input.depends_on_id AS "dependsOnId?",
  CASE
    WHEN written.is_created THEN 'created'
    WHEN written.service_id IS NOT NULL THEN 'updated'
    ELSE 'unchanged'
  END AS "outcome!"
FROM
  input
  LEFT JOIN written
    ON written.service_id = input.service_id
    AND written.depends_on_id = input.depends_on_id
ORDER BY
  input.position;

/* @name removeServiceDependency */
-- Zero to few rows. The service by service_name_key, its dependencies by service_dependency_service_id_depends_on_id_key, what
-- they are on by service_pkey: also those on deleted services of that name, which no other function could remove.
DELETE FROM registry.service_dependency AS dependency
USING registry.service AS needed
WHERE
  dependency.service_id = (
    SELECT service_id
    FROM registry.service
    WHERE
      name = :service!
      AND deleted_at IS NULL
  )
  AND needed.service_id = dependency.depends_on_id
  AND needed.name = :dependsOn!;

/* @name findServiceId */
-- Zero or one row by service_name_key.
SELECT
  service_id
FROM registry.service
WHERE
  name = :name!
  AND deleted_at IS NULL;

/* @name listServiceDependencies */
-- Zero to :limit rows. The service by service_name_key, the others by registry.reach_service. The priority only thins out
-- what that finds.
-- @vet-off order-key: registry.reach_service leaves out the deleted, so that names are unique among what it finds
WITH root AS (
  SELECT service_id
  FROM registry.service
  WHERE
    name = :name!
    AND deleted_at IS NULL
),
reached AS MATERIALIZED (
  SELECT
    reached.service_id,
    reached.depth
  FROM
    root
    CROSS JOIN LATERAL registry.reach_service(root.service_id, FALSE, :kinds!, :maxDepth!, FALSE) AS reached
),
required AS MATERIALIZED (
  SELECT required.service_id
  FROM
    root
    CROSS JOIN LATERAL registry.reach_service(root.service_id, FALSE, '{required}', :maxDepth!, FALSE) AS required
)
SELECT
  service.service_id,
  service.name,
  service.display_name,
  service.priority,
  service.status,
  CASE
    WHEN required.service_id IS NULL THEN 'optional'
    ELSE 'required'
  END::registry.service_dependency_kind AS "kind!",
  reached.depth AS "depth!"
FROM
  reached
  JOIN registry.service ON service.service_id = reached.service_id
  LEFT JOIN required ON required.service_id = reached.service_id
WHERE
  TRUE
  AND service.priority = ANY(:priorities)          -- @if priorities
ORDER BY
  reached.depth,
  service.name
LIMIT :limit!;

/* @name listServiceDependents */
-- Zero to :limit rows. As listServiceDependencies, the other way.
-- @vet-off order-key: registry.reach_service leaves out the deleted, so that names are unique among what it finds
WITH root AS (
  SELECT service_id
  FROM registry.service
  WHERE
    name = :name!
    AND deleted_at IS NULL
),
reached AS MATERIALIZED (
  SELECT
    reached.service_id,
    reached.depth
  FROM
    root
    CROSS JOIN LATERAL registry.reach_service(root.service_id, TRUE, :kinds!, :maxDepth!, FALSE) AS reached
),
required AS MATERIALIZED (
  SELECT required.service_id
  FROM
    root
    CROSS JOIN LATERAL registry.reach_service(root.service_id, TRUE, '{required}', :maxDepth!, FALSE) AS required
)
SELECT
  service.service_id,
  service.name,
  service.display_name,
  service.priority,
  service.status,
  CASE
    WHEN required.service_id IS NULL THEN 'optional'
    ELSE 'required'
  END::registry.service_dependency_kind AS "kind!",
  reached.depth AS "depth!"
FROM
  reached
  JOIN registry.service ON service.service_id = reached.service_id
  LEFT JOIN required ON required.service_id = reached.service_id
WHERE
  TRUE
  AND service.priority = ANY(:priorities)          -- @if priorities
ORDER BY
  reached.depth,
  service.name
LIMIT :limit!;

/* @name serviceImpact */
-- Zero or one row; :limit at the most in each of its lists. The service by service_name_key, the others by
-- registry.reach_service and service_dependency_depends_on_id_idx.
WITH root AS (
  SELECT service_id
  FROM registry.service
  WHERE
    name = :name!
    AND deleted_at IS NULL
),
broken AS MATERIALIZED (
  SELECT
    reached.service_id,
    reached.depth
  FROM
    root
    -- The depth of no graph comes up to that.
    CROSS JOIN LATERAL registry.reach_service(root.service_id, TRUE, '{required}', 1000000000, TRUE) AS reached
),
down AS (
  SELECT
    service_id,
    depth
  FROM broken
  UNION ALL
  SELECT
    service_id,
    0
  FROM root
),
degraded AS (
  SELECT
    edge.service_id,
    min(down.depth) + 1 AS depth
  FROM
    down
    JOIN registry.service_dependency AS edge ON edge.depends_on_id = down.service_id AND edge.kind = 'optional'
  WHERE
    NOT EXISTS (
      SELECT 1
      FROM down AS other
      WHERE other.service_id = edge.service_id
    )
  GROUP BY
    edge.service_id
),
affected AS (
  SELECT
    service_id,
    depth,
    TRUE AS is_broken
  FROM broken
  UNION ALL
  SELECT
    service_id,
    depth,
    FALSE
  FROM degraded
),
ranked AS (
  SELECT
    affected.is_broken,
    service.priority,
    row_number() OVER (
      PARTITION BY affected.is_broken
      ORDER BY
        affected.depth,
        service.name
    ) AS place,
    json_build_object(
      'serviceId', service.service_id,
      'name', service.name,
      'priority', service.priority,
      'depth', affected.depth
    ) AS item
  FROM
    affected
    JOIN registry.service ON service.service_id = affected.service_id
  WHERE
    service.deleted_at IS NULL
    AND service.is_active
    AND service.is_enabled
    AND service.status <> 'disabled'
)
SELECT
  root.service_id,
  coalesce(json_agg(item ORDER BY place) FILTER (WHERE is_broken AND place <= :limit!), '[]') AS "broken!",
  coalesce(json_agg(item ORDER BY place) FILTER (WHERE NOT is_broken AND place <= :limit!), '[]') AS "degraded!",
  count(*) FILTER (WHERE is_broken AND priority = 'critical') AS "brokenCritical!",
  count(*) FILTER (WHERE is_broken AND priority = 'high') AS "brokenHigh!",
  count(*) FILTER (WHERE is_broken AND priority = 'medium') AS "brokenMedium!",
  count(*) FILTER (WHERE is_broken AND priority = 'low') AS "brokenLow!",
  count(*) FILTER (WHERE NOT is_broken AND priority = 'critical') AS "degradedCritical!",
  count(*) FILTER (WHERE NOT is_broken AND priority = 'high') AS "degradedHigh!",
  count(*) FILTER (WHERE NOT is_broken AND priority = 'medium') AS "degradedMedium!",
  count(*) FILTER (WHERE NOT is_broken AND priority = 'low') AS "degradedLow!"
FROM
  root
  LEFT JOIN ranked ON TRUE
GROUP BY
  root.service_id;

/* @name readServiceGraph */
-- A row for each service that is in use, and for each that is not, or is deleted, but that somebody requires; with :names
-- those of these names and what they need. In no order. All services are read, or those found by service_name_key and
-- service_pkey, and their dependencies by service_dependency_service_id_depends_on_id_key. Without :names nothing asks for
-- what is needed, and it is not looked for.
-- @vet-off unbounded: the order in which services start needs the whole graph: one narrow row for each service in use
WITH RECURSIVE needed AS (
  SELECT
    service_id,
    deleted_at IS NULL AND is_active AND is_enabled AND status <> 'disabled' AS is_in_use
  FROM registry.service
  WHERE
    deleted_at IS NULL
    AND name = ANY(:names)                                                                     -- @if names
  UNION
  SELECT
    service.service_id,
    service.deleted_at IS NULL AND service.is_active AND service.is_enabled AND service.status <> 'disabled'
  FROM
    needed
    JOIN registry.service_dependency AS edge
      ON edge.service_id = needed.service_id
      AND edge.kind = 'required'
      AND needed.is_in_use
    JOIN registry.service ON service.service_id = edge.depends_on_id
)
SELECT
  service_id,
  name,
  priority,
  CASE
    WHEN deleted_at IS NOT NULL THEN 'deleted'
    WHEN NOT (is_active AND is_enabled AND status <> 'disabled') THEN 'disabled'
  END AS "absence?",
  ARRAY(
    SELECT edge.depends_on_id
    FROM registry.service_dependency AS edge
    WHERE
      edge.service_id = service.service_id
      AND edge.kind = 'required'
  ) AS "required!",
  ARRAY(
    SELECT edge.depends_on_id
    FROM registry.service_dependency AS edge
    WHERE
      edge.service_id = service.service_id
      AND edge.kind = 'optional'
  ) AS "optional!"
FROM registry.service
WHERE
  (
    (deleted_at IS NULL AND is_active AND is_enabled AND status <> 'disabled')
    OR EXISTS (
      SELECT 1
      FROM registry.service_dependency AS edge
      WHERE
        edge.depends_on_id = service.service_id
        AND edge.kind = 'required'
    )
    OR name = ANY(:names)                                                                      -- @if names
  )
  AND service_id IN (SELECT needed.service_id FROM needed)                                     -- @if names
;
