/* @name createService */
-- One row.
INSERT INTO registry.service (
  name,
  display_name,
  description,
  build_type,
  protocol,
  priority,
  status,
  location,
  endpoint,
  port,
  version,
  tags,
  metadata,
  config,
  health_check_url,
  is_active,
  is_required,
  is_enabled,
  is_auto_start,
  source,
  registry_url
) VALUES (
  :name!,
  :displayName,
  :description,
  :buildType!,
  :protocol!,
  :priority!,
  :status!,
  :location,
  :endpoint,
  :port,
  :version,
  :tags!,
  :metadata!,
  :config!,
  :healthCheckUrl,
  :isActive!,
  :isRequired!,
  :isEnabled!,
  :isAutoStart!,
  :source,
  :registryUrl
)
RETURNING
  service_id,
  name,
  display_name,
  description,
  build_type,
  protocol,
  priority,
  status,
  location,
  endpoint,
  port,
  version,
  tags,
  metadata,
  config,
  health_check_url,
  is_active,
  is_required,
  is_enabled,
  is_auto_start,
  source,
  registry_url,
  last_health_check_at,
  response_time_ms,
  last_seen_at,
  success_count,
  failure_count,
  health_score,
  created_by,
  updated_by,
  created_at,
  updated_at,
  deleted_at;

/* @name createServices */
-- As many rows as :services has elements, which may be none. One statement and one plan for any number. In the order of
-- the names by their bytes, as a COPY of ours sends them: two of them with the same rows do not deadlock.
INSERT INTO registry.service (
  name,
  display_name,
  description,
  build_type,
  protocol,
  priority,
  status,
  location,
  endpoint,
  port,
  version,
  tags,
  metadata,
  config,
  health_check_url,
  is_active,
  is_required,
  is_enabled,
  is_auto_start,
  source,
  registry_url
)
SELECT
  name,
  display_name,
  description,
  build_type,
  protocol,
  priority,
  status,
  location,
  endpoint,
  port,
  version,
  tags,
  metadata,
  config,
  health_check_url,
  is_active,
  is_required,
  is_enabled,
  is_auto_start,
  source,
  registry_url
FROM
  json_to_recordset(:services!) AS input (
    name text,
    display_name text,
    description text,
    build_type registry.service_build_type,
    protocol registry.service_protocol,
    priority registry.service_priority,
    status registry.service_status,
    location text,
    endpoint text,
    port bigint,
    version text,
    tags text[],
    metadata jsonb,
    config jsonb,
    health_check_url text,
    is_active boolean,
    is_required boolean,
    is_enabled boolean,
    is_auto_start boolean,
    source text,
    registry_url text
  )
ORDER BY
  name COLLATE "C"
RETURNING
  service_id,
  name,
  display_name,
  description,
  build_type,
  protocol,
  priority,
  status,
  location,
  endpoint,
  port,
  version,
  tags,
  metadata,
  config,
  health_check_url,
  is_active,
  is_required,
  is_enabled,
  is_auto_start,
  source,
  registry_url,
  last_health_check_at,
  response_time_ms,
  last_seen_at,
  success_count,
  failure_count,
  health_score,
  created_by,
  updated_by,
  created_at,
  updated_at,
  deleted_at;

/* @name upsertServices */
-- As many rows as :services has elements, in their order; service_name_key decides what is there already, among the
-- living. What health checks tell stays, and so does the status. A row that would not change is locked but not written: no
-- new version, updated_at stays. It is looked up in the statement's snapshot instead, so the id is NULL when that row came
-- to be after the statement began. Rows are locked in the order of createServices: two statements with the same rows wait
-- for each other and do not deadlock.
WITH input AS (
  SELECT
    name,
    display_name,
    description,
    build_type,
    protocol,
    priority,
    status,
    location,
    endpoint,
    port,
    version,
    tags,
    metadata,
    config,
    health_check_url,
    is_active,
    is_required,
    is_enabled,
    is_auto_start,
    source,
    registry_url,
    position
  FROM
    ROWS FROM (
      json_to_recordset(:services!) AS (
        name text,
        display_name text,
        description text,
        build_type registry.service_build_type,
        protocol registry.service_protocol,
        priority registry.service_priority,
        status registry.service_status,
        location text,
        endpoint text,
        port bigint,
        version text,
        tags text[],
        metadata jsonb,
        config jsonb,
        health_check_url text,
        is_active boolean,
        is_required boolean,
        is_enabled boolean,
        is_auto_start boolean,
        source text,
        registry_url text
      )
    ) WITH ORDINALITY AS input (
      name,
      display_name,
      description,
      build_type,
      protocol,
      priority,
      status,
      location,
      endpoint,
      port,
      version,
      tags,
      metadata,
      config,
      health_check_url,
      is_active,
      is_required,
      is_enabled,
      is_auto_start,
      source,
      registry_url,
      position
    )
),
written AS (
  INSERT INTO registry.service AS present (
    name,
    display_name,
    description,
    build_type,
    protocol,
    priority,
    status,
    location,
    endpoint,
    port,
    version,
    tags,
    metadata,
    config,
    health_check_url,
    is_active,
    is_required,
    is_enabled,
    is_auto_start,
    source,
    registry_url
  )
  SELECT
    name,
    display_name,
    description,
    build_type,
    protocol,
    priority,
    status,
    location,
    endpoint,
    port,
    version,
    tags,
    metadata,
    config,
    health_check_url,
    is_active,
    is_required,
    is_enabled,
    is_auto_start,
    source,
    registry_url
  FROM input
  ORDER BY
    name COLLATE "C"
  ON CONFLICT (name) WHERE deleted_at IS NULL DO UPDATE SET
    display_name = excluded.display_name,
    description = excluded.description,
    build_type = excluded.build_type,
    protocol = excluded.protocol,
    priority = excluded.priority,
    location = excluded.location,
    endpoint = excluded.endpoint,
    port = excluded.port,
    version = excluded.version,
    tags = excluded.tags,
    metadata = excluded.metadata,
    config = excluded.config,
    health_check_url = excluded.health_check_url,
    is_active = excluded.is_active,
    is_required = excluded.is_required,
    is_enabled = excluded.is_enabled,
    is_auto_start = excluded.is_auto_start,
    source = excluded.source,
    registry_url = excluded.registry_url
  WHERE
    (
      present.display_name,
      present.description,
      present.build_type,
      present.protocol,
      present.priority,
      present.location,
      present.endpoint,
      present.port,
      present.version,
      present.tags,
      present.metadata,
      present.config,
      present.health_check_url,
      present.is_active,
      present.is_required,
      present.is_enabled,
      present.is_auto_start,
      present.source,
      present.registry_url
    ) IS DISTINCT FROM (
      excluded.display_name,
      excluded.description,
      excluded.build_type,
      excluded.protocol,
      excluded.priority,
      excluded.location,
      excluded.endpoint,
      excluded.port,
      excluded.version,
      excluded.tags,
      excluded.metadata,
      excluded.config,
      excluded.health_check_url,
      excluded.is_active,
      excluded.is_required,
      excluded.is_enabled,
      excluded.is_auto_start,
      excluded.source,
      excluded.registry_url
    )
  RETURNING
    service_id,
    name,
    -- A row that this statement inserted was not locked or updated by anyone before: its xmax is zero.
    xmax = 0 AS is_created
),
-- Behind all that is written, and locked as a soft delete locks, so that one which was deleted meanwhile is seen to be gone.
kept AS (
  SELECT
    service_id,
    name
  FROM registry.service
  WHERE
    name IN (SELECT name FROM input)
    AND name NOT IN (SELECT name FROM written)
    AND deleted_at IS NULL
  ORDER BY
    name COLLATE "C"
  FOR NO KEY UPDATE
)
SELECT
  coalesce(written.service_id, kept.service_id) AS "serviceId?",
  CASE
    WHEN written.is_created THEN 'created'
    WHEN written.service_id IS NOT NULL THEN 'updated'
    ELSE 'unchanged'
  END AS "outcome!"
FROM
  input
  LEFT JOIN written ON written.name = input.name
  LEFT JOIN kept ON kept.name = input.name
ORDER BY
  input.position;

/* @name findService */
-- Zero or one row by service_pkey.
SELECT
  service_id,
  name,
  display_name,
  description,
  build_type,
  protocol,
  priority,
  status,
  location,
  endpoint,
  port,
  version,
  tags,
  metadata,
  config,
  health_check_url,
  is_active,
  is_required,
  is_enabled,
  is_auto_start,
  source,
  registry_url,
  last_health_check_at,
  response_time_ms,
  last_seen_at,
  success_count,
  failure_count,
  health_score,
  created_by,
  updated_by,
  created_at,
  updated_at,
  deleted_at
FROM registry.service
WHERE
  service_id = :serviceId!
  AND deleted_at IS NULL;

/* @name findServices */
-- A row for each of :serviceIds that there is, in no order, by service_pkey. The columns are those of findService.
SELECT
  service_id,
  name,
  display_name,
  description,
  build_type,
  protocol,
  priority,
  status,
  location,
  endpoint,
  port,
  version,
  tags,
  metadata,
  config,
  health_check_url,
  is_active,
  is_required,
  is_enabled,
  is_auto_start,
  source,
  registry_url,
  last_health_check_at,
  response_time_ms,
  last_seen_at,
  success_count,
  failure_count,
  health_score,
  created_by,
  updated_by,
  created_at,
  updated_at,
  deleted_at
FROM registry.service
WHERE
  service_id = ANY(:serviceIds!)
  AND deleted_at IS NULL;

/* @name findServiceByName */
-- Zero or one row by service_name_key.
SELECT
  service_id,
  name,
  display_name,
  description,
  build_type,
  protocol,
  priority,
  status,
  location,
  endpoint,
  port,
  version,
  tags,
  metadata,
  config,
  health_check_url,
  is_active,
  is_required,
  is_enabled,
  is_auto_start,
  source,
  registry_url,
  last_health_check_at,
  response_time_ms,
  last_seen_at,
  success_count,
  failure_count,
  health_score,
  created_by,
  updated_by,
  created_at,
  updated_at,
  deleted_at
FROM registry.service
WHERE
  name = :name!
  AND deleted_at IS NULL;

/* @name findServicesByName */
-- A row for each of :names that there is, in no order, by service_name_key. The columns are those of findServiceByName.
SELECT
  service_id,
  name,
  display_name,
  description,
  build_type,
  protocol,
  priority,
  status,
  location,
  endpoint,
  port,
  version,
  tags,
  metadata,
  config,
  health_check_url,
  is_active,
  is_required,
  is_enabled,
  is_auto_start,
  source,
  registry_url,
  last_health_check_at,
  response_time_ms,
  last_seen_at,
  success_count,
  failure_count,
  health_score,
  created_by,
  updated_by,
  created_at,
  updated_at,
  deleted_at
FROM registry.service
WHERE
  name = ANY(:names!)
  AND deleted_at IS NULL;

/* @name existsService */
-- One row. By service_pkey.
SELECT
  EXISTS (
    SELECT 1
    FROM registry.service
    WHERE
      service_id = :serviceId!
      AND deleted_at IS NULL
  ) AS "exists!";

/* @name updateService */
-- Zero or one row by service_pkey. Only what is given changes; the last line keeps the list whole.
UPDATE registry.service
SET
  name = :name,                                                                                       -- @if name
  display_name = :displayName,                                                                        -- @if displayName
  description = :description,                                                                         -- @if description
  build_type = :buildType,                                                                            -- @if buildType
  protocol = :protocol,                                                                               -- @if protocol
  priority = :priority,                                                                               -- @if priority
  status = :status,                                                                                   -- @if status
  location = :location,                                                                               -- @if location
  endpoint = :endpoint,                                                                               -- @if endpoint
  port = :port,                                                                                       -- @if port
  version = :version,                                                                                 -- @if version
  tags = :tags,                                                                                       -- @if tags
  metadata = :metadata,                                                                               -- @if metadata
  config = :config,                                                                                   -- @if config
  health_check_url = :healthCheckUrl,                                                                 -- @if healthCheckUrl
  is_active = :isActive,                                                                              -- @if isActive
  is_required = :isRequired,                                                                          -- @if isRequired
  is_enabled = :isEnabled,                                                                            -- @if isEnabled
  is_auto_start = :isAutoStart,                                                                       -- @if isAutoStart
  source = :source,                                                                                   -- @if source
  registry_url = :registryUrl,                                                                        -- @if registryUrl
  service_id = service_id
WHERE
  service_id = :serviceId!
  AND deleted_at IS NULL
RETURNING
  service_id,
  name,
  display_name,
  description,
  build_type,
  protocol,
  priority,
  status,
  location,
  endpoint,
  port,
  version,
  tags,
  metadata,
  config,
  health_check_url,
  is_active,
  is_required,
  is_enabled,
  is_auto_start,
  source,
  registry_url,
  last_health_check_at,
  response_time_ms,
  last_seen_at,
  success_count,
  failure_count,
  health_score,
  created_by,
  updated_by,
  created_at,
  updated_at,
  deleted_at;

/* @name deleteService */
-- Zero or one row by service_pkey.
UPDATE registry.service
SET
  deleted_at = statement_timestamp()
WHERE
  service_id = :serviceId!
  AND deleted_at IS NULL;

/* @name restoreService */
-- Zero or one row by service_pkey.
UPDATE registry.service
SET
  deleted_at = NULL
WHERE
  service_id = :serviceId!
  AND deleted_at IS NOT NULL
RETURNING
  service_id,
  name,
  display_name,
  description,
  build_type,
  protocol,
  priority,
  status,
  location,
  endpoint,
  port,
  version,
  tags,
  metadata,
  config,
  health_check_url,
  is_active,
  is_required,
  is_enabled,
  is_auto_start,
  source,
  registry_url,
  last_health_check_at,
  response_time_ms,
  last_seen_at,
  success_count,
  failure_count,
  health_score,
  created_by,
  updated_by,
  created_at,
  updated_at,
  deleted_at;

/* @name purgeServices */
-- Zero to :batchSize rows, the first deleted first, by service_deleted_at_idx. Rows that another such statement, or a restore,
-- has locked are left for the next time: nobody waits for anybody.
WITH found AS (
  SELECT
    service_id
  FROM registry.service
  WHERE deleted_at < :deletedBefore!
  ORDER BY
    deleted_at
  LIMIT :batchSize!
  FOR UPDATE SKIP LOCKED
)
DELETE FROM registry.service
USING found
WHERE service.service_id = found.service_id;

/* @name listServices */
-- Zero to :limit rows, without their config. Each filter has its index (see the migrations), but for the four flags, of
-- which most rows have the same value, and tagsNone: what an array does not hold is in no index. They thin out what the
-- others find. What health reports change is not indexed itself, so that such an update stays HOT: a condition on a coarse
-- column, which is, narrows, and the exact one beside it decides. Each order has the index that it walks; by name only
-- where the deleted are hidden: service_name_key has none of them.
-- @vet-off index(isRequired, isEnabled, isActive, isAutoStart): one value prevails; they thin out what others find.
-- @vet-off index(tagsNone): no index holds what an array lacks; this thins out what other filters find.
SELECT
  service_id,
  name,
  display_name,
  description,
  build_type,
  protocol,
  priority,
  status,
  location,
  endpoint,
  port,
  version,
  tags,
  metadata,
  health_check_url,
  is_active,
  is_required,
  is_enabled,
  is_auto_start,
  source,
  registry_url,
  last_health_check_at,
  response_time_ms,
  last_seen_at,
  success_count,
  failure_count,
  health_score,
  created_by,
  updated_by,
  created_at,
  updated_at,
  deleted_at
FROM registry.service
WHERE
  TRUE
  AND deleted_at IS NULL                                                                                               -- @if deleted=hidden
  AND deleted_at IS NOT NULL                                                                                           -- @if deleted=only
  AND build_type = ANY(:buildTypes)                                                                                    -- @if buildTypes
  AND protocol = ANY(:protocols)                                                                                       -- @if protocols
  AND priority = ANY(:priorities)                                                                                      -- @if priorities
  AND status = ANY(:statuses)                                                                                          -- @if statuses
  AND is_required = :isRequired                                                                                        -- @if isRequired
  AND is_enabled = :isEnabled                                                                                          -- @if isEnabled
  AND is_active = :isActive                                                                                            -- @if isActive
  AND is_auto_start = :isAutoStart                                                                                     -- @if isAutoStart
  AND tags && :tagsAny                                                                                                 -- @if tagsAny
  AND tags @> :tagsAll                                                                                                 -- @if tagsAll
  AND NOT tags && :tagsNone                                                                                            -- @if tagsNone
  AND registry.service_text(name, display_name, tags) LIKE :namePattern || '%'                                         -- @if namePattern
  AND name LIKE :namePattern                                                                                           -- @if namePattern
  AND endpoint = :endpoint                                                                                             -- @if endpoint
  AND version = :version                                                                                               -- @if version
  AND metadata @> :metadata                                                                                            -- @if metadata
  AND success_percent >= floor(:successRateFrom::double precision * 100)::bigint - 5                                   -- @if successRateFrom
  AND success_count / nullif(success_count + failure_count, 0)::double precision >= :successRateFrom                   -- @if successRateFrom
  AND success_percent <= floor(:successRateTo::double precision * 100)::bigint + 1                                     -- @if successRateTo
  AND success_count / nullif(success_count + failure_count, 0)::double precision <= :successRateTo                     -- @if successRateTo
  AND response_time_class BETWEEN registry.response_time_class(:responseTimeMsFrom::double precision * 0.999) AND 99   -- @if responseTimeMsFrom
  AND response_time_ms >= :responseTimeMsFrom                                                                          -- @if responseTimeMsFrom
  AND response_time_class <= registry.response_time_class(:responseTimeMsTo::double precision * 1.001)                 -- @if responseTimeMsTo
  AND response_time_ms <= :responseTimeMsTo                                                                            -- @if responseTimeMsTo
  AND last_seen_hour >= registry.seen_hour(:seenAfter)                                                                 -- @if seenAfter
  AND last_seen_at > :seenAfter                                                                                        -- @if seenAfter
  AND last_seen_hour <= registry.seen_hour(:seenBefore)                                                                -- @if seenBefore
  AND last_seen_at < :seenBefore                                                                                       -- @if seenBefore
  AND created_at > :createdAfter                                                                                       -- @if createdAfter
  AND created_at < :createdBefore                                                                                      -- @if createdBefore
  AND updated_at > :updatedAfter                                                                                       -- @if updatedAfter
  AND updated_at < :updatedBefore                                                                                      -- @if updatedBefore
  AND search @@ registry.service_query(:text)                                                                          -- @if text
  AND (name, service_id) > (:cursorName, :cursorId)                                                                    -- @if order=name & cursorName
  AND (name, service_id) < (:cursorName, :cursorId)                                                                    -- @if order=name-down & cursorName
  AND (created_at, service_id) < (:cursorCreatedAt, :cursorId)                                                         -- @if order=newest & cursorCreatedAt
  AND (created_at, service_id) > (:cursorCreatedAt, :cursorId)                                                         -- @if order=oldest & cursorCreatedAt
  AND (priority, name, service_id) > (:cursorPriority, :cursorName, :cursorId)                                         -- @if order=priority & cursorPriority & cursorName
  AND (priority, name, service_id) < (:cursorPriority, :cursorName, :cursorId)                                         -- @if order=priority-down & cursorPriority & cursorName
  AND (health_rank, coalesce(health_score, -1), service_id) < (:cursorHealthRank, :cursorHealthScore, :cursorId)       -- @if order=health & cursorHealthRank & cursorHealthScore
  AND (health_rank, coalesce(health_score, -1), service_id) > (:cursorHealthRank, :cursorHealthScore, :cursorId)       -- @if order=health-up & cursorHealthRank & cursorHealthScore
  AND (response_time_class, coalesce(response_time_ms, 2e9), service_id) >                                             -- @if order=fastest & cursorResponseTimeMs
    (                                                                                                                  -- @if order=fastest & cursorResponseTimeMs
      coalesce(registry.response_time_class(nullif(:cursorResponseTimeMs::double precision, 2e9)), 100),               -- @if order=fastest & cursorResponseTimeMs
      :cursorResponseTimeMs, :cursorId                                                                                 -- @if order=fastest & cursorResponseTimeMs
    )                                                                                                                  -- @if order=fastest & cursorResponseTimeMs
  AND (response_time_class, coalesce(response_time_ms, 2e9), service_id) <                                             -- @if order=slowest & cursorResponseTimeMs
    (                                                                                                                  -- @if order=slowest & cursorResponseTimeMs
      coalesce(registry.response_time_class(nullif(:cursorResponseTimeMs::double precision, 2e9)), 100),               -- @if order=slowest & cursorResponseTimeMs
      :cursorResponseTimeMs, :cursorId                                                                                 -- @if order=slowest & cursorResponseTimeMs
    )                                                                                                                  -- @if order=slowest & cursorResponseTimeMs
ORDER BY
  name,                                                                                                                -- @if order=name
  name DESC, service_id DESC,                                                                                          -- @if order=name-down
  created_at DESC, service_id DESC,                                                                                    -- @if order=newest
  created_at, service_id,                                                                                              -- @if order=oldest
  priority, name,                                                                                                      -- @if order=priority
  priority DESC, name DESC, service_id DESC,                                                                           -- @if order=priority-down
  health_rank DESC, coalesce(health_score, -1) DESC, service_id DESC,                                                  -- @if order=health
  health_rank, coalesce(health_score, -1),                                                                             -- @if order=health-up
  response_time_class, coalesce(response_time_ms, 2e9),                                                                -- @if order=fastest
  response_time_class DESC, coalesce(response_time_ms, 2e9) DESC, service_id DESC,                                     -- @if order=slowest
  service_id
LIMIT :limit!;

/* @name countServices */
-- One row. The filters of listServices, by the same indexes. The flags and tagsNone have none.
-- @vet-off index(isRequired, isEnabled, isActive, isAutoStart): one value prevails; they thin out what others find.
-- @vet-off index(tagsNone): no index holds what an array lacks; this thins out what other filters find.
SELECT
  count(*) AS "count!"
FROM registry.service
WHERE
  TRUE
  AND deleted_at IS NULL                                                                                               -- @if deleted=hidden
  AND deleted_at IS NOT NULL                                                                                           -- @if deleted=only
  AND build_type = ANY(:buildTypes)                                                                                    -- @if buildTypes
  AND protocol = ANY(:protocols)                                                                                       -- @if protocols
  AND priority = ANY(:priorities)                                                                                      -- @if priorities
  AND status = ANY(:statuses)                                                                                          -- @if statuses
  AND is_required = :isRequired                                                                                        -- @if isRequired
  AND is_enabled = :isEnabled                                                                                          -- @if isEnabled
  AND is_active = :isActive                                                                                            -- @if isActive
  AND is_auto_start = :isAutoStart                                                                                     -- @if isAutoStart
  AND tags && :tagsAny                                                                                                 -- @if tagsAny
  AND tags @> :tagsAll                                                                                                 -- @if tagsAll
  AND NOT tags && :tagsNone                                                                                            -- @if tagsNone
  AND registry.service_text(name, display_name, tags) LIKE :namePattern || '%'                                         -- @if namePattern
  AND name LIKE :namePattern                                                                                           -- @if namePattern
  AND endpoint = :endpoint                                                                                             -- @if endpoint
  AND version = :version                                                                                               -- @if version
  AND metadata @> :metadata                                                                                            -- @if metadata
  AND success_percent >= floor(:successRateFrom::double precision * 100)::bigint - 5                                   -- @if successRateFrom
  AND success_count / nullif(success_count + failure_count, 0)::double precision >= :successRateFrom                   -- @if successRateFrom
  AND success_percent <= floor(:successRateTo::double precision * 100)::bigint + 1                                     -- @if successRateTo
  AND success_count / nullif(success_count + failure_count, 0)::double precision <= :successRateTo                     -- @if successRateTo
  AND response_time_class BETWEEN registry.response_time_class(:responseTimeMsFrom::double precision * 0.999) AND 99   -- @if responseTimeMsFrom
  AND response_time_ms >= :responseTimeMsFrom                                                                          -- @if responseTimeMsFrom
  AND response_time_class <= registry.response_time_class(:responseTimeMsTo::double precision * 1.001)                 -- @if responseTimeMsTo
  AND response_time_ms <= :responseTimeMsTo                                                                            -- @if responseTimeMsTo
  AND last_seen_hour >= registry.seen_hour(:seenAfter)                                                                 -- @if seenAfter
  AND last_seen_at > :seenAfter                                                                                        -- @if seenAfter
  AND last_seen_hour <= registry.seen_hour(:seenBefore)                                                                -- @if seenBefore
  AND last_seen_at < :seenBefore                                                                                       -- @if seenBefore
  AND created_at > :createdAfter                                                                                       -- @if createdAfter
  AND created_at < :createdBefore                                                                                      -- @if createdBefore
  AND updated_at > :updatedAfter                                                                                       -- @if updatedAfter
  AND updated_at < :updatedBefore                                                                                      -- @if updatedBefore
  AND search @@ registry.service_query(:text)                                                                          -- @if text
;

/* @name searchServices */
-- Zero to :limit rows, without their config, by service_search_idx, or, when no service has the words, by service_text_idx
-- (in registry.similar_services, which is evaluated once). All that are found are ranked before the best are taken. What
-- is found by its words has a rank of 0 to 1, plus 2 where they are the name, and 1 where they begin it; what is only
-- similar has one below 0. ts_rank is the mean over the words that are sought: each counts by the best place it has, and
-- what repeats it adds less than two thirds. That is ts_rank of an OR, which the query is made by joining it to itself.
-- @vet-off index(isRequired, isEnabled, isActive, isAutoStart): one value prevails; they thin out what the search finds.
-- @vet-off index(tagsNone): no index holds what an array lacks; this thins out what the search finds.
WITH alike AS MATERIALIZED (
  SELECT
    similar_id,
    similarity
  FROM registry.similar_services(:query!)
),
found AS (
  SELECT
    service_id,
    name,
    display_name,
    description,
    build_type,
    protocol,
    priority,
    status,
    location,
    endpoint,
    port,
    version,
    tags,
    metadata,
    health_check_url,
    is_active,
    is_required,
    is_enabled,
    is_auto_start,
    source,
    registry_url,
    last_health_check_at,
    response_time_ms,
    last_seen_at,
    success_count,
    failure_count,
    health_score,
    created_by,
    updated_by,
    created_at,
    updated_at,
    deleted_at,
    coalesce(
      (SELECT similarity - 1 FROM alike WHERE similar_id = service_id),
      ts_rank('{0, 0.01, 0.1, 1}', search, (SELECT registry.service_query(:query!) || registry.service_query(:query!)))
        + CASE
          WHEN lower(name) = (SELECT lower(trim(:query!) COLLATE "C")) THEN 2
          WHEN starts_with(lower(name), (SELECT lower(trim(:query!) COLLATE "C"))) THEN 1
          ELSE 0
        END
    )::real AS rank
  FROM registry.service
  WHERE
    (search @@ registry.service_query(:query!) OR service_id = ANY(ARRAY(SELECT similar_id FROM alike)))
    AND deleted_at IS NULL                                                                                             -- @if deleted=hidden
    AND deleted_at IS NOT NULL                                                                                         -- @if deleted=only
    AND build_type = ANY(:buildTypes)                                                                                  -- @if buildTypes
    AND protocol = ANY(:protocols)                                                                                     -- @if protocols
    AND priority = ANY(:priorities)                                                                                    -- @if priorities
    AND status = ANY(:statuses)                                                                                        -- @if statuses
    AND is_required = :isRequired                                                                                      -- @if isRequired
    AND is_enabled = :isEnabled                                                                                        -- @if isEnabled
    AND is_active = :isActive                                                                                          -- @if isActive
    AND is_auto_start = :isAutoStart                                                                                   -- @if isAutoStart
    AND tags && :tagsAny                                                                                               -- @if tagsAny
    AND tags @> :tagsAll                                                                                               -- @if tagsAll
    AND NOT tags && :tagsNone                                                                                          -- @if tagsNone
    AND registry.service_text(name, display_name, tags) LIKE :namePattern || '%'                                       -- @if namePattern
    AND name LIKE :namePattern                                                                                         -- @if namePattern
    AND endpoint = :endpoint                                                                                           -- @if endpoint
    AND version = :version                                                                                             -- @if version
    AND metadata @> :metadata                                                                                          -- @if metadata
    AND success_percent >= floor(:successRateFrom::double precision * 100)::bigint - 5                                 -- @if successRateFrom
    AND success_count / nullif(success_count + failure_count, 0)::double precision >= :successRateFrom                 -- @if successRateFrom
    AND success_percent <= floor(:successRateTo::double precision * 100)::bigint + 1                                   -- @if successRateTo
    AND success_count / nullif(success_count + failure_count, 0)::double precision <= :successRateTo                   -- @if successRateTo
    AND response_time_class BETWEEN registry.response_time_class(:responseTimeMsFrom::double precision * 0.999) AND 99 -- @if responseTimeMsFrom
    AND response_time_ms >= :responseTimeMsFrom                                                                        -- @if responseTimeMsFrom
    AND response_time_class <= registry.response_time_class(:responseTimeMsTo::double precision * 1.001)               -- @if responseTimeMsTo
    AND response_time_ms <= :responseTimeMsTo                                                                          -- @if responseTimeMsTo
    AND last_seen_hour >= registry.seen_hour(:seenAfter)                                                               -- @if seenAfter
    AND last_seen_at > :seenAfter                                                                                      -- @if seenAfter
    AND last_seen_hour <= registry.seen_hour(:seenBefore)                                                              -- @if seenBefore
    AND last_seen_at < :seenBefore                                                                                     -- @if seenBefore
    AND created_at > :createdAfter                                                                                     -- @if createdAfter
    AND created_at < :createdBefore                                                                                    -- @if createdBefore
    AND updated_at > :updatedAfter                                                                                     -- @if updatedAfter
    AND updated_at < :updatedBefore                                                                                    -- @if updatedBefore
    AND search @@ registry.service_query(:text)                                                                        -- @if text
)
SELECT
  service_id,
  name,
  display_name,
  description,
  build_type,
  protocol,
  priority,
  status,
  location,
  endpoint,
  port,
  version,
  tags,
  metadata,
  health_check_url,
  is_active,
  is_required,
  is_enabled,
  is_auto_start,
  source,
  registry_url,
  last_health_check_at,
  response_time_ms,
  last_seen_at,
  success_count,
  failure_count,
  health_score,
  created_by,
  updated_by,
  created_at,
  updated_at,
  deleted_at,
  rank AS "rank!"
FROM found
WHERE
  TRUE
  AND (rank, service_id) < (:cursorRank, :cursorId)                                                                    -- @if order=best & cursorRank
  AND (rank, service_id) > (:cursorRank, :cursorId)                                                                    -- @if order=worst & cursorRank
ORDER BY
  rank DESC, service_id DESC,                                                                                          -- @if order=best
  rank, service_id,                                                                                                    -- @if order=worst
  service_id
LIMIT :limit!;

/* @name countFoundServices */
-- One row: how many searchServices finds, by the same indexes.
-- @vet-off index(isRequired, isEnabled, isActive, isAutoStart): one value prevails; they thin out what the search finds.
-- @vet-off index(tagsNone): no index holds what an array lacks; this thins out what the search finds.
SELECT
  count(*) AS "count!"
FROM registry.service
WHERE
  (
    search @@ registry.service_query(:query!)
    OR service_id = ANY(ARRAY(SELECT similar_id FROM registry.similar_services(:query!)))
  )
  AND deleted_at IS NULL                                                                                               -- @if deleted=hidden
  AND deleted_at IS NOT NULL                                                                                           -- @if deleted=only
  AND build_type = ANY(:buildTypes)                                                                                    -- @if buildTypes
  AND protocol = ANY(:protocols)                                                                                       -- @if protocols
  AND priority = ANY(:priorities)                                                                                      -- @if priorities
  AND status = ANY(:statuses)                                                                                          -- @if statuses
  AND is_required = :isRequired                                                                                        -- @if isRequired
  AND is_enabled = :isEnabled                                                                                          -- @if isEnabled
  AND is_active = :isActive                                                                                            -- @if isActive
  AND is_auto_start = :isAutoStart                                                                                     -- @if isAutoStart
  AND tags && :tagsAny                                                                                                 -- @if tagsAny
  AND tags @> :tagsAll                                                                                                 -- @if tagsAll
  AND NOT tags && :tagsNone                                                                                            -- @if tagsNone
  AND registry.service_text(name, display_name, tags) LIKE :namePattern || '%'                                         -- @if namePattern
  AND name LIKE :namePattern                                                                                           -- @if namePattern
  AND endpoint = :endpoint                                                                                             -- @if endpoint
  AND version = :version                                                                                               -- @if version
  AND metadata @> :metadata                                                                                            -- @if metadata
  AND success_percent >= floor(:successRateFrom::double precision * 100)::bigint - 5                                   -- @if successRateFrom
  AND success_count / nullif(success_count + failure_count, 0)::double precision >= :successRateFrom                   -- @if successRateFrom
  AND success_percent <= floor(:successRateTo::double precision * 100)::bigint + 1                                     -- @if successRateTo
  AND success_count / nullif(success_count + failure_count, 0)::double precision <= :successRateTo                     -- @if successRateTo
  AND response_time_class BETWEEN registry.response_time_class(:responseTimeMsFrom::double precision * 0.999) AND 99   -- @if responseTimeMsFrom
  AND response_time_ms >= :responseTimeMsFrom                                                                          -- @if responseTimeMsFrom
  AND response_time_class <= registry.response_time_class(:responseTimeMsTo::double precision * 1.001)                 -- @if responseTimeMsTo
  AND response_time_ms <= :responseTimeMsTo                                                                            -- @if responseTimeMsTo
  AND last_seen_hour >= registry.seen_hour(:seenAfter)                                                                 -- @if seenAfter
  AND last_seen_at > :seenAfter                                                                                        -- @if seenAfter
  AND last_seen_hour <= registry.seen_hour(:seenBefore)                                                                -- @if seenBefore
  AND last_seen_at < :seenBefore                                                                                       -- @if seenBefore
  AND created_at > :createdAfter                                                                                       -- @if createdAfter
  AND created_at < :createdBefore                                                                                      -- @if createdBefore
  AND updated_at > :updatedAfter                                                                                       -- @if updatedAfter
  AND updated_at < :updatedBefore                                                                                      -- @if updatedBefore
  AND search @@ registry.service_query(:text)                                                                          -- @if text
;

/* @name updateServices */
-- One row. The filters of listServices, by the same indexes. The flags and tagsNone have none. When they find more than
-- :maxRows, nothing is changed, and found is one more. Rows are locked in the order of upsertServices, so that two such
-- statements do not deadlock.
-- @vet-off index(isRequired, isEnabled, isActive, isAutoStart): one value prevails; they thin out what others find.
-- @vet-off index(tagsNone): no index holds what an array lacks; this thins out what other filters find.
WITH found AS (
  SELECT
    service_id
  FROM registry.service
  WHERE
    TRUE
    AND deleted_at IS NULL                                                                                               -- @if deleted=hidden
    AND deleted_at IS NOT NULL                                                                                           -- @if deleted=only
    AND build_type = ANY(:buildTypes)                                                                                    -- @if buildTypes
    AND protocol = ANY(:protocols)                                                                                       -- @if protocols
    AND priority = ANY(:priorities)                                                                                      -- @if priorities
    AND status = ANY(:statuses)                                                                                          -- @if statuses
    AND is_required = :isRequired                                                                                        -- @if isRequired
    AND is_enabled = :isEnabled                                                                                          -- @if isEnabled
    AND is_active = :isActive                                                                                            -- @if isActive
    AND is_auto_start = :isAutoStart                                                                                     -- @if isAutoStart
    AND tags && :tagsAny                                                                                                 -- @if tagsAny
    AND tags @> :tagsAll                                                                                                 -- @if tagsAll
    AND NOT tags && :tagsNone                                                                                            -- @if tagsNone
    AND registry.service_text(name, display_name, tags) LIKE :namePattern || '%'                                         -- @if namePattern
    AND name LIKE :namePattern                                                                                           -- @if namePattern
    AND endpoint = :endpoint                                                                                             -- @if endpoint
    AND version = :version                                                                                               -- @if version
    AND metadata @> :metadata                                                                                            -- @if metadata
    AND success_percent >= floor(:successRateFrom::double precision * 100)::bigint - 5                                   -- @if successRateFrom
    AND success_count / nullif(success_count + failure_count, 0)::double precision >= :successRateFrom                   -- @if successRateFrom
    AND success_percent <= floor(:successRateTo::double precision * 100)::bigint + 1                                     -- @if successRateTo
    AND success_count / nullif(success_count + failure_count, 0)::double precision <= :successRateTo                     -- @if successRateTo
    AND response_time_class BETWEEN registry.response_time_class(:responseTimeMsFrom::double precision * 0.999) AND 99   -- @if responseTimeMsFrom
    AND response_time_ms >= :responseTimeMsFrom                                                                          -- @if responseTimeMsFrom
    AND response_time_class <= registry.response_time_class(:responseTimeMsTo::double precision * 1.001)                 -- @if responseTimeMsTo
    AND response_time_ms <= :responseTimeMsTo                                                                            -- @if responseTimeMsTo
    AND last_seen_hour >= registry.seen_hour(:seenAfter)                                                                 -- @if seenAfter
    AND last_seen_at > :seenAfter                                                                                        -- @if seenAfter
    AND last_seen_hour <= registry.seen_hour(:seenBefore)                                                                -- @if seenBefore
    AND last_seen_at < :seenBefore                                                                                       -- @if seenBefore
    AND created_at > :createdAfter                                                                                       -- @if createdAfter
    AND created_at < :createdBefore                                                                                      -- @if createdBefore
    AND updated_at > :updatedAfter                                                                                       -- @if updatedAfter
    AND updated_at < :updatedBefore                                                                                      -- @if updatedBefore
    AND search @@ registry.service_query(:text)                                                                          -- @if text
  ORDER BY
    name,
    service_id
  LIMIT :maxRows::bigint + 1                                                                                             -- @if maxRows
  FOR NO KEY UPDATE
),
changed AS (
  UPDATE registry.service AS service
  SET
    display_name = :newDisplayName,                                                                                      -- @if newDisplayName
    description = :newDescription,                                                                                       -- @if newDescription
    build_type = :newBuildType,                                                                                          -- @if newBuildType
    protocol = :newProtocol,                                                                                             -- @if newProtocol
    priority = :newPriority,                                                                                             -- @if newPriority
    status = :newStatus,                                                                                                 -- @if newStatus
    location = :newLocation,                                                                                             -- @if newLocation
    endpoint = :newEndpoint,                                                                                             -- @if newEndpoint
    port = :newPort,                                                                                                     -- @if newPort
    version = :newVersion,                                                                                               -- @if newVersion
    tags = :newTags,                                                                                                     -- @if newTags
    metadata = :newMetadata,                                                                                             -- @if newMetadata
    config = :newConfig,                                                                                                 -- @if newConfig
    health_check_url = :newHealthCheckUrl,                                                                               -- @if newHealthCheckUrl
    is_active = :newIsActive,                                                                                            -- @if newIsActive
    is_required = :newIsRequired,                                                                                        -- @if newIsRequired
    is_enabled = :newIsEnabled,                                                                                          -- @if newIsEnabled
    is_auto_start = :newIsAutoStart,                                                                                     -- @if newIsAutoStart
    source = :newSource,                                                                                                 -- @if newSource
    registry_url = :newRegistryUrl,                                                                                      -- @if newRegistryUrl
    service_id = service.service_id
  FROM found
  WHERE
    service.service_id = found.service_id
    AND (SELECT count(*) FROM found) <= :maxRows                                                                         -- @if maxRows
  RETURNING
    service.service_id
)
SELECT
  (SELECT count(*) FROM found) AS "found!",
  (SELECT count(*) FROM changed) AS "changed!";

/* @name deleteServices */
-- One row. The filters of listServices, by the same indexes. The flags and tagsNone have none. When they find more than
-- :maxRows, nothing is deleted, and found is one more. Rows are locked in the order of upsertServices, so that two such
-- statements do not deadlock.
-- @vet-off index(isRequired, isEnabled, isActive, isAutoStart): one value prevails; they thin out what others find.
-- @vet-off index(tagsNone): no index holds what an array lacks; this thins out what other filters find.
WITH found AS (
  SELECT
    service_id
  FROM registry.service
  WHERE
    TRUE
    AND deleted_at IS NULL                                                                                               -- @if deleted=hidden
    AND deleted_at IS NOT NULL                                                                                           -- @if deleted=only
    AND build_type = ANY(:buildTypes)                                                                                    -- @if buildTypes
    AND protocol = ANY(:protocols)                                                                                       -- @if protocols
    AND priority = ANY(:priorities)                                                                                      -- @if priorities
    AND status = ANY(:statuses)                                                                                          -- @if statuses
    AND is_required = :isRequired                                                                                        -- @if isRequired
    AND is_enabled = :isEnabled                                                                                          -- @if isEnabled
    AND is_active = :isActive                                                                                            -- @if isActive
    AND is_auto_start = :isAutoStart                                                                                     -- @if isAutoStart
    AND tags && :tagsAny                                                                                                 -- @if tagsAny
    AND tags @> :tagsAll                                                                                                 -- @if tagsAll
    AND NOT tags && :tagsNone                                                                                            -- @if tagsNone
    AND registry.service_text(name, display_name, tags) LIKE :namePattern || '%'                                         -- @if namePattern
    AND name LIKE :namePattern                                                                                           -- @if namePattern
    AND endpoint = :endpoint                                                                                             -- @if endpoint
    AND version = :version                                                                                               -- @if version
    AND metadata @> :metadata                                                                                            -- @if metadata
    AND success_percent >= floor(:successRateFrom::double precision * 100)::bigint - 5                                   -- @if successRateFrom
    AND success_count / nullif(success_count + failure_count, 0)::double precision >= :successRateFrom                   -- @if successRateFrom
    AND success_percent <= floor(:successRateTo::double precision * 100)::bigint + 1                                     -- @if successRateTo
    AND success_count / nullif(success_count + failure_count, 0)::double precision <= :successRateTo                     -- @if successRateTo
    AND response_time_class BETWEEN registry.response_time_class(:responseTimeMsFrom::double precision * 0.999) AND 99   -- @if responseTimeMsFrom
    AND response_time_ms >= :responseTimeMsFrom                                                                          -- @if responseTimeMsFrom
    AND response_time_class <= registry.response_time_class(:responseTimeMsTo::double precision * 1.001)                 -- @if responseTimeMsTo
    AND response_time_ms <= :responseTimeMsTo                                                                            -- @if responseTimeMsTo
    AND last_seen_hour >= registry.seen_hour(:seenAfter)                                                                 -- @if seenAfter
    AND last_seen_at > :seenAfter                                                                                        -- @if seenAfter
    AND last_seen_hour <= registry.seen_hour(:seenBefore)                                                                -- @if seenBefore
    AND last_seen_at < :seenBefore                                                                                       -- @if seenBefore
    AND created_at > :createdAfter                                                                                       -- @if createdAfter
    AND created_at < :createdBefore                                                                                      -- @if createdBefore
    AND updated_at > :updatedAfter                                                                                       -- @if updatedAfter
    AND updated_at < :updatedBefore                                                                                      -- @if updatedBefore
    AND search @@ registry.service_query(:text)                                                                          -- @if text
  ORDER BY
    name,
    service_id
  LIMIT :maxRows::bigint + 1                                                                                             -- @if maxRows
  FOR NO KEY UPDATE
),
changed AS (
  UPDATE registry.service AS service
  SET
    deleted_at = statement_timestamp()
  FROM found
  WHERE
    service.service_id = found.service_id
    AND (SELECT count(*) FROM found) <= :maxRows                                                                         -- @if maxRows
  RETURNING
    service.service_id
)
SELECT
  (SELECT count(*) FROM found) AS "found!",
  (SELECT count(*) FROM changed) AS "changed!";

/* @name listStaleServices */
-- Zero to :limit rows, without their configuration: those not seen for :olderThanMs, the longest first; never seen counts as
-- seen in 1970. Walks service_stale_idx, which knows the hour; the rows of one hour are sorted.
SELECT
  service_id,
  name,
  display_name,
  description,
  build_type,
  protocol,
  priority,
  status,
  location,
  endpoint,
  port,
  version,
  tags,
  metadata,
  health_check_url,
  is_active,
  is_required,
  is_enabled,
  is_auto_start,
  source,
  registry_url,
  last_health_check_at,
  response_time_ms,
  last_seen_at,
  success_count,
  failure_count,
  health_score,
  created_by,
  updated_by,
  created_at,
  updated_at,
  deleted_at
FROM registry.service
WHERE
  deleted_at IS NULL
  AND coalesce(last_seen_hour, timestamptz 'epoch')
    <= registry.seen_hour(now() - make_interval(secs => :olderThanMs!::double precision / 1000))
  AND coalesce(last_seen_at, timestamptz 'epoch') < now() - make_interval(secs => :olderThanMs!::double precision / 1000)
  AND (coalesce(last_seen_hour, timestamptz 'epoch'), coalesce(last_seen_at, timestamptz 'epoch'), service_id) > (registry.seen_hour(:cursorSeenAt), :cursorSeenAt, :cursorId) -- @if order=stalest & cursorSeenAt
  AND (coalesce(last_seen_hour, timestamptz 'epoch'), coalesce(last_seen_at, timestamptz 'epoch'), service_id) < (registry.seen_hour(:cursorSeenAt), :cursorSeenAt, :cursorId) -- @if order=freshest & cursorSeenAt
ORDER BY
  coalesce(last_seen_hour, timestamptz 'epoch'), coalesce(last_seen_at, timestamptz 'epoch'), service_id, -- @if order=stalest
  coalesce(last_seen_hour, timestamptz 'epoch') DESC, coalesce(last_seen_at, timestamptz 'epoch') DESC, service_id DESC, -- @if order=freshest
  service_id
LIMIT :limit!;

/* @name countStaleServices */
-- One row. What listStaleServices finds, by the same index.
SELECT
  count(*) AS "count!"
FROM registry.service
WHERE
  deleted_at IS NULL
  AND coalesce(last_seen_hour, timestamptz 'epoch')
    <= registry.seen_hour(now() - make_interval(secs => :olderThanMs!::double precision / 1000))
  AND coalesce(last_seen_at, timestamptz 'epoch') < now() - make_interval(secs => :olderThanMs!::double precision / 1000);

/* @name markServicesSeen */
-- One row. By service_pkey; locked in the order of upsertServices, so that two such statements do not deadlock, nor one of
-- these with an update or upsert of many. One that was seen later is not written. A time that is not yet is taken for the present. Joined and filtered in two steps for the plan of a
-- table that was all but empty: see recordServiceHealthChecks.
WITH locked AS (
  SELECT
    service_id,
    deleted_at
  FROM registry.service
  WHERE service_id IN (SELECT unnest(:serviceIds!::uuid[]))
  ORDER BY
    name,
    service_id
  FOR NO KEY UPDATE
),
found AS (
  SELECT
    service_id
  FROM locked
  WHERE deleted_at IS NULL
),
seen AS (
  UPDATE registry.service
  SET
    last_seen_at = least(:seenAt, statement_timestamp())
  FROM found
  WHERE
    service.service_id = found.service_id
    AND (service.last_seen_at < least(:seenAt, statement_timestamp())::timestamptz(3)) IS NOT FALSE
)
SELECT
  count(*) AS "count!"
FROM found;

/* @name serviceStatistics */
-- One row. Reads every row twice, once for its tags: what is asked of all is in no index. A CTE that both read would be
-- written to disk, and tags taken apart in FROM take half as long again: 185 ms so, on 100,000 rows, and 133 ms as it is.
SELECT
  count(*) AS "total!",
  (SELECT count(*) FROM registry.service WHERE deleted_at IS NOT NULL) AS "deleted!",
  json_build_object(
    'fastmcp', count(*) FILTER (WHERE build_type = 'fastmcp'),
    'stub', count(*) FILTER (WHERE build_type = 'stub'),
    'external', count(*) FILTER (WHERE build_type = 'external'),
    'official', count(*) FILTER (WHERE build_type = 'official'),
    'custom', count(*) FILTER (WHERE build_type = 'custom'),
    'docker', count(*) FILTER (WHERE build_type = 'docker')
  ) AS "build_types!",
  json_build_object(
    'stdio', count(*) FILTER (WHERE protocol = 'stdio'),
    'http', count(*) FILTER (WHERE protocol = 'http'),
    'websocket', count(*) FILTER (WHERE protocol = 'websocket'),
    'tcp', count(*) FILTER (WHERE protocol = 'tcp'),
    'unix_socket', count(*) FILTER (WHERE protocol = 'unix_socket')
  ) AS "protocols!",
  json_build_object(
    'critical', count(*) FILTER (WHERE priority = 'critical'),
    'high', count(*) FILTER (WHERE priority = 'high'),
    'medium', count(*) FILTER (WHERE priority = 'medium'),
    'low', count(*) FILTER (WHERE priority = 'low')
  ) AS "priorities!",
  json_build_object(
    'healthy', count(*) FILTER (WHERE status = 'healthy'),
    'unhealthy', count(*) FILTER (WHERE status = 'unhealthy'),
    'unknown', count(*) FILTER (WHERE status = 'unknown'),
    'maintenance', count(*) FILTER (WHERE status = 'maintenance'),
    'disabled', count(*) FILTER (WHERE status = 'disabled')
  ) AS "statuses!",
  count(*) FILTER (WHERE is_active) AS "active!",
  count(*) FILTER (WHERE is_required) AS "required!",
  count(*) FILTER (WHERE is_enabled) AS "enabled!",
  count(*) FILTER (WHERE is_auto_start) AS "autoStart!",
  (
    SELECT coalesce(json_agg(json_build_object('tag', tag, 'count', services) ORDER BY services DESC, tag), '[]')
    FROM (
      SELECT
        tag,
        count(*) AS services
      FROM (SELECT unnest(tags) AS tag FROM registry.service WHERE deleted_at IS NULL) AS tagged
      GROUP BY
        tag
      ORDER BY
        services DESC,
        tag
      LIMIT 20
    ) AS most
  ) AS "tags!",
  percentile_cont(ARRAY[0.1, 0.5, 0.9]) WITHIN GROUP (ORDER BY health_score) AS "healthScores?",
  count(*) FILTER (WHERE last_health_check_at IS NULL) AS "neverChecked!",
  count(*) FILTER (WHERE last_seen_at IS NULL) AS "neverSeen!",
  count(*) FILTER (
    WHERE coalesce(last_seen_at, timestamptz 'epoch') < now() - make_interval(secs => :staleAfterMs!::double precision / 1000)
  ) AS "stale!"
FROM registry.service
WHERE deleted_at IS NULL;
