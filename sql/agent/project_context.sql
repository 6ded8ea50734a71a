/* @name createProjectContext */
-- One row.
INSERT INTO agent.project_context (
  owner,
  name,
  description,
  status,
  language,
  framework,
  codebase,
  configuration,
  tech_stack,
  dependencies,
  test_coverage,
  security_score,
  performance_score
) VALUES (
  :owner!,
  :name!,
  :description,
  :status!,
  :language,
  :framework,
  :codebase!,
  :configuration!,
  :techStack!,
  :dependencies!,
  :testCoverage,
  :securityScore,
  :performanceScore
)
RETURNING
  project_context_id,
  owner,
  name,
  description,
  status,
  language,
  framework,
  codebase,
  configuration,
  tech_stack,
  dependencies,
  iteration,
  test_coverage,
  security_score,
  performance_score,
  created_at,
  updated_at;

/* @name createProjectContexts */
-- As many rows as :contexts has elements, which may be none. One statement and one plan for any number. In the order of
-- the key by its bytes, as a COPY of ours sends them: two of them with the same rows do not deadlock.
INSERT INTO agent.project_context (
  owner,
  name,
  description,
  status,
  language,
  framework,
  codebase,
  configuration,
  tech_stack,
  dependencies,
  test_coverage,
  security_score,
  performance_score
)
SELECT
  owner,
  name,
  description,
  status,
  language,
  framework,
  codebase,
  configuration,
  tech_stack,
  dependencies,
  test_coverage,
  security_score,
  performance_score
FROM
  json_to_recordset(:contexts!) AS input (
    owner text,
    name text,
    description text,
    status agent.project_context_status,
    language text,
    framework text,
    codebase jsonb,
    configuration jsonb,
    tech_stack text[],
    dependencies text[],
    test_coverage double precision,
    security_score double precision,
    performance_score double precision
  )
ORDER BY
  owner COLLATE "C",
  name COLLATE "C"
RETURNING
  project_context_id,
  owner,
  name,
  description,
  status,
  language,
  framework,
  codebase,
  configuration,
  tech_stack,
  dependencies,
  iteration,
  test_coverage,
  security_score,
  performance_score,
  created_at,
  updated_at;

/* @name upsertProjectContexts */
-- As many rows as :contexts has elements, in their order; project_context_owner_name_key decides what is there already.
-- A row that would not change is locked but not written: no new version, updated_at stays. It is looked up in the
-- statement's snapshot instead, so the id is NULL when that row came to be after the statement began. Rows are locked in
-- the order of createProjectContexts: two statements with the same rows wait for each other and do not deadlock.
WITH input AS (
  SELECT
    owner,
    name,
    description,
    status,
    language,
    framework,
    codebase,
    configuration,
    tech_stack,
    dependencies,
    test_coverage,
    security_score,
    performance_score,
    position
  FROM
    ROWS FROM (
      json_to_recordset(:contexts!) AS (
        owner text,
        name text,
        description text,
        status agent.project_context_status,
        language text,
        framework text,
        codebase jsonb,
        configuration jsonb,
        tech_stack text[],
        dependencies text[],
        test_coverage double precision,
        security_score double precision,
        performance_score double precision
      )
    ) WITH ORDINALITY AS input (
      owner,
      name,
      description,
      status,
      language,
      framework,
      codebase,
      configuration,
      tech_stack,
      dependencies,
      test_coverage,
      security_score,
      performance_score,
      position
    )
),
written AS (
  INSERT INTO agent.project_context AS present (
    owner,
    name,
    description,
    status,
    language,
    framework,
    codebase,
    configuration,
    tech_stack,
    dependencies,
    test_coverage,
    security_score,
    performance_score
  )
  SELECT
    owner,
    name,
    description,
    status,
    language,
    framework,
    codebase,
    configuration,
    tech_stack,
    dependencies,
    test_coverage,
    security_score,
    performance_score
  FROM input
  ORDER BY
    owner COLLATE "C",
    name COLLATE "C"
  ON CONFLICT ON CONSTRAINT project_context_owner_name_key DO UPDATE SET
    description = excluded.description,
    status = excluded.status,
    language = excluded.language,
    framework = excluded.framework,
    codebase = excluded.codebase,
    configuration = excluded.configuration,
    tech_stack = excluded.tech_stack,
    dependencies = excluded.dependencies,
    test_coverage = excluded.test_coverage,
    security_score = excluded.security_score,
    performance_score = excluded.performance_score
  WHERE
    (
      present.description,
      present.status,
      present.language,
      present.framework,
      present.codebase,
      present.configuration,
      present.tech_stack,
      present.dependencies,
      present.test_coverage,
      present.security_score,
      present.performance_score
    ) IS DISTINCT FROM (
      excluded.description,
      excluded.status,
      excluded.language,
      excluded.framework,
      excluded.codebase,
      excluded.configuration,
      excluded.tech_stack,
      excluded.dependencies,
      excluded.test_coverage,
      excluded.security_score,
      excluded.performance_score
    )
  RETURNING
    project_context_id,
    owner,
    name,
    -- A row that this statement inserted was not locked or updated by anyone before: its xmax is zero.
    xmax = 0 AS is_created
),
-- Locked, so that a row that somebody is deleting is waited for, and is not there when it was deleted.
kept AS (
  SELECT
    project_context_id,
    owner,
    name
  FROM agent.project_context
  WHERE (owner, name) IN (SELECT owner, name FROM input)
  ORDER BY
    owner COLLATE "C",
    name COLLATE "C"
  FOR KEY SHARE
)
SELECT
  coalesce(written.project_context_id, kept.project_context_id) AS "projectContextId?",
  CASE
    WHEN written.is_created THEN 'created'
    WHEN written.project_context_id IS NOT NULL THEN 'updated'
    ELSE 'unchanged'
  END AS "outcome!"
FROM
  input
  LEFT JOIN written ON written.owner = input.owner AND written.name = input.name
  LEFT JOIN kept ON kept.owner = input.owner AND kept.name = input.name
ORDER BY
  input.position;

/* @name findProjectContext */
-- Zero or one row by project_context_pkey.
SELECT
  project_context_id,
  owner,
  name,
  description,
  status,
  language,
  framework,
  codebase,
  configuration,
  tech_stack,
  dependencies,
  iteration,
  test_coverage,
  security_score,
  performance_score,
  created_at,
  updated_at
FROM agent.project_context
WHERE project_context_id = :projectContextId!;

/* @name findProjectContexts */
-- A row for each of :projectContextIds that there is, in no order, by project_context_pkey. The columns are those of findProjectContext.
SELECT
  project_context_id,
  owner,
  name,
  description,
  status,
  language,
  framework,
  codebase,
  configuration,
  tech_stack,
  dependencies,
  iteration,
  test_coverage,
  security_score,
  performance_score,
  created_at,
  updated_at
FROM agent.project_context
WHERE project_context_id = ANY(:projectContextIds!);

/* @name findProjectContextByName */
-- Zero or one row by project_context_owner_name_key.
SELECT
  project_context_id,
  owner,
  name,
  description,
  status,
  language,
  framework,
  codebase,
  configuration,
  tech_stack,
  dependencies,
  iteration,
  test_coverage,
  security_score,
  performance_score,
  created_at,
  updated_at
FROM agent.project_context
WHERE
  owner = :owner!
  AND name = :name!;

/* @name existsProjectContext */
-- One row. By project_context_pkey.
SELECT
  EXISTS (
    SELECT 1
    FROM agent.project_context
    WHERE project_context_id = :projectContextId!
  ) AS "exists!";

/* @name listProjectContexts */
-- Zero to :limit rows. Each filter has its index, and each order the index it walks; see the migration.
SELECT
  project_context_id,
  owner,
  name,
  description,
  status,
  language,
  framework,
  codebase,
  configuration,
  tech_stack,
  dependencies,
  iteration,
  test_coverage,
  security_score,
  performance_score,
  created_at,
  updated_at
FROM agent.project_context
WHERE
  TRUE
  AND owner = :owner                                                                         -- @if owner
  AND status = ANY(:statuses)                                                                -- @if statuses
  AND language = :language                                                                   -- @if language
  AND codebase @> :codebase                                                                  -- @if codebase
  AND configuration @> :configuration                                                        -- @if configuration
  AND tech_stack && :techAny                                                                 -- @if techAny
  AND tech_stack @> :techAll                                                                 -- @if techAll
  AND dependencies @> :dependsOn                                                             -- @if dependsOn
  AND coalesce(test_coverage, -1) >= :coverageFrom                                           -- @if coverageFrom
  AND coalesce(test_coverage, -1) BETWEEN 0 AND :coverageTo                                  -- @if coverageTo
  AND updated_at > :updatedAfter                                                             -- @if updatedAfter
  AND updated_at < :updatedBefore                                                            -- @if updatedBefore
  AND (created_at, project_context_id) < (:cursorCreatedAt, :cursorId)                       -- @if order=newest & cursorCreatedAt
  AND (created_at, project_context_id) > (:cursorCreatedAt, :cursorId)                       -- @if order=oldest & cursorCreatedAt
  AND (name, project_context_id) > (:cursorName, :cursorId)                                  -- @if order=name & cursorName
  AND (name, project_context_id) < (:cursorName, :cursorId)                                  -- @if order=name-down & cursorName
  AND (coalesce(test_coverage, -1), project_context_id) < (:cursorCoverage, :cursorId)       -- @if order=coverage & cursorCoverage
  AND (coalesce(test_coverage, -1), project_context_id) > (:cursorCoverage, :cursorId)       -- @if order=coverage-up & cursorCoverage
  AND (coalesce((codebase ->> 'bytes')::numeric, 0), project_context_id) < (:cursorBytes, :cursorId) -- @if order=largest & cursorBytes
  AND (coalesce((codebase ->> 'bytes')::numeric, 0), project_context_id) > (:cursorBytes, :cursorId) -- @if order=smallest & cursorBytes
ORDER BY
  created_at DESC, project_context_id DESC,                                                  -- @if order=newest
  created_at, project_context_id,                                                            -- @if order=oldest
  name, project_context_id,                                                                  -- @if order=name
  name DESC, project_context_id DESC,                                                        -- @if order=name-down
  coalesce(test_coverage, -1) DESC, project_context_id DESC,                                 -- @if order=coverage
  coalesce(test_coverage, -1), project_context_id,                                           -- @if order=coverage-up
  coalesce((codebase ->> 'bytes')::numeric, 0) DESC, project_context_id DESC,                -- @if order=largest
  coalesce((codebase ->> 'bytes')::numeric, 0), project_context_id,                          -- @if order=smallest
  project_context_id
LIMIT :limit!;

/* @name countProjectContexts */
-- One row. The filters of listProjectContexts, by the same indexes.
SELECT
  count(*) AS "count!"
FROM agent.project_context
WHERE
  TRUE
  AND owner = :owner                                                                         -- @if owner
  AND status = ANY(:statuses)                                                                -- @if statuses
  AND language = :language                                                                   -- @if language
  AND codebase @> :codebase                                                                  -- @if codebase
  AND configuration @> :configuration                                                        -- @if configuration
  AND tech_stack && :techAny                                                                 -- @if techAny
  AND tech_stack @> :techAll                                                                 -- @if techAll
  AND dependencies @> :dependsOn                                                             -- @if dependsOn
  AND coalesce(test_coverage, -1) >= :coverageFrom                                           -- @if coverageFrom
  AND coalesce(test_coverage, -1) BETWEEN 0 AND :coverageTo                                  -- @if coverageTo
  AND updated_at > :updatedAfter                                                             -- @if updatedAfter
  AND updated_at < :updatedBefore                                                            -- @if updatedBefore
;

/* @name updateProjectContext */
-- Zero or one row by project_context_pkey. Only what is given changes; the last line keeps the list whole.
UPDATE agent.project_context
SET
  owner = :owner,                                  -- @if owner
  name = :name,                                    -- @if name
  description = :description,                      -- @if description
  status = :status,                                -- @if status
  language = :language,                            -- @if language
  framework = :framework,                          -- @if framework
  codebase = :codebase,                            -- @if codebase
  configuration = :configuration,                  -- @if configuration
  tech_stack = :techStack,                         -- @if techStack
  dependencies = :dependencies,                    -- @if dependencies
  test_coverage = :testCoverage,                   -- @if testCoverage
  security_score = :securityScore,                 -- @if securityScore
  performance_score = :performanceScore,           -- @if performanceScore
  project_context_id = project_context_id
WHERE project_context_id = :projectContextId!
RETURNING
  project_context_id,
  owner,
  name,
  description,
  status,
  language,
  framework,
  codebase,
  configuration,
  tech_stack,
  dependencies,
  iteration,
  test_coverage,
  security_score,
  performance_score,
  created_at,
  updated_at;

/* @name recordProjectContextMetrics */
-- Zero or one row by project_context_pkey. Only the measurements that are given change.
UPDATE agent.project_context
SET
  test_coverage = :testCoverage,                   -- @if testCoverage
  security_score = :securityScore,                 -- @if securityScore
  performance_score = :performanceScore,           -- @if performanceScore
  iteration = iteration + 1
WHERE project_context_id = :projectContextId!
RETURNING
  project_context_id,
  owner,
  name,
  description,
  status,
  language,
  framework,
  codebase,
  configuration,
  tech_stack,
  dependencies,
  iteration,
  test_coverage,
  security_score,
  performance_score,
  created_at,
  updated_at;

/* @name deleteProjectContext */
-- Zero or one row by project_context_pkey.
DELETE FROM agent.project_context
WHERE project_context_id = :projectContextId!;

/* @name updateProjectContexts */
-- One row. The filters of listProjectContexts, by the same indexes. When they find more than :maxRows, nothing is changed,
-- and found is one more. Rows are locked in the order of the key, so that two such statements do not deadlock.
WITH found AS (
  SELECT
    project_context_id
  FROM agent.project_context
  WHERE
    TRUE
    AND owner = :owner                                                                       -- @if owner
    AND status = ANY(:statuses)                                                              -- @if statuses
    AND language = :language                                                                 -- @if language
    AND codebase @> :codebase                                                                -- @if codebase
    AND configuration @> :configuration                                                      -- @if configuration
    AND tech_stack && :techAny                                                               -- @if techAny
    AND tech_stack @> :techAll                                                               -- @if techAll
    AND dependencies @> :dependsOn                                                           -- @if dependsOn
    AND coalesce(test_coverage, -1) >= :coverageFrom                                         -- @if coverageFrom
    AND coalesce(test_coverage, -1) BETWEEN 0 AND :coverageTo                                -- @if coverageTo
    AND updated_at > :updatedAfter                                                           -- @if updatedAfter
    AND updated_at < :updatedBefore                                                          -- @if updatedBefore
  ORDER BY
    project_context_id
  LIMIT :maxRows::bigint + 1                                                                 -- @if maxRows
  FOR NO KEY UPDATE
),
changed AS (
  UPDATE agent.project_context AS context
  SET
    owner = :newOwner,                                                                       -- @if newOwner
    description = :newDescription,                                                           -- @if newDescription
    status = :newStatus,                                                                     -- @if newStatus
    language = :newLanguage,                                                                 -- @if newLanguage
    framework = :newFramework,                                                               -- @if newFramework
    codebase = :newCodebase,                                                                 -- @if newCodebase
    configuration = :newConfiguration,                                                       -- @if newConfiguration
    tech_stack = :newTechStack,                                                              -- @if newTechStack
    dependencies = :newDependencies,                                                         -- @if newDependencies
    test_coverage = :newTestCoverage,                                                        -- @if newTestCoverage
    security_score = :newSecurityScore,                                                      -- @if newSecurityScore
    performance_score = :newPerformanceScore,                                                -- @if newPerformanceScore
    project_context_id = context.project_context_id
  FROM found
  WHERE
    context.project_context_id = found.project_context_id
    AND (SELECT count(*) FROM found) <= :maxRows                                             -- @if maxRows
  RETURNING
    context.project_context_id
)
SELECT
  (SELECT count(*) FROM found) AS "found!",
  (SELECT count(*) FROM changed) AS "changed!";

/* @name deleteProjectContexts */
-- One row. The filters of listProjectContexts, by the same indexes. When they find more than :maxRows, nothing is deleted,
-- and found is one more. Rows are locked in the order of the key, so that two such statements do not deadlock.
WITH found AS (
  SELECT
    project_context_id
  FROM agent.project_context
  WHERE
    TRUE
    AND owner = :owner                                                                       -- @if owner
    AND status = ANY(:statuses)                                                              -- @if statuses
    AND language = :language                                                                 -- @if language
    AND codebase @> :codebase                                                                -- @if codebase
    AND configuration @> :configuration                                                      -- @if configuration
    AND tech_stack && :techAny                                                               -- @if techAny
    AND tech_stack @> :techAll                                                               -- @if techAll
    AND dependencies @> :dependsOn                                                           -- @if dependsOn
    AND coalesce(test_coverage, -1) >= :coverageFrom                                         -- @if coverageFrom
    AND coalesce(test_coverage, -1) BETWEEN 0 AND :coverageTo                                -- @if coverageTo
    AND updated_at > :updatedAfter                                                           -- @if updatedAfter
    AND updated_at < :updatedBefore                                                          -- @if updatedBefore
  ORDER BY
    project_context_id
  LIMIT :maxRows::bigint + 1                                                                 -- @if maxRows
  FOR UPDATE
),
changed AS (
  DELETE FROM agent.project_context AS context
  USING found
  WHERE
    context.project_context_id = found.project_context_id
    AND (SELECT count(*) FROM found) <= :maxRows                                             -- @if maxRows
  RETURNING
    context.project_context_id
)
SELECT
  (SELECT count(*) FROM found) AS "found!",
  (SELECT count(*) FROM changed) AS "changed!";
