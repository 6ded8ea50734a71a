/* @name createTemplate */
-- One row.
INSERT INTO agent.template (
  name,
  version,
  description,
  category,
  files,
  required_variables,
  optional_variables,
  tech_stack,
  tags,
  complexity,
  estimated_setup_minutes
) VALUES (
  :name!,
  :version!,
  :description,
  :category!,
  :files!,
  :requiredVariables!,
  :optionalVariables!,
  :techStack!,
  :tags!,
  :complexity!,
  :estimatedSetupMinutes
)
RETURNING
  template_id,
  name,
  version,
  description,
  category,
  files,
  file_count,
  required_variables,
  optional_variables,
  tech_stack,
  tags,
  complexity,
  estimated_setup_minutes,
  usage_count,
  last_used_at,
  created_at,
  updated_at;

/* @name upsertTemplates */
-- As many rows as :templates has elements, in their order. template_name_key decides what is there already. A row that
-- would not change is locked but not written: no new version, updated_at stays. It is looked up in the statement's
-- snapshot instead, so the id is NULL when that row came to be after the statement began. Rows are locked in the order of
-- the key: two statements with the same rows wait for each other and do not deadlock.
WITH input AS (
  SELECT
    name,
    version,
    description,
    category,
    files,
    required_variables,
    optional_variables,
    tech_stack,
    tags,
    complexity,
    estimated_setup_minutes,
    position
  FROM
    ROWS FROM (
      json_to_recordset(:templates!) AS (
        name text,
        version text,
        description text,
        category text,
        files jsonb,
        required_variables text[],
        optional_variables text[],
        tech_stack text[],
        tags text[],
        complexity agent.template_complexity,
        estimated_setup_minutes bigint
      )
    ) WITH ORDINALITY AS input (
      name,
      version,
      description,
      category,
      files,
      required_variables,
      optional_variables,
      tech_stack,
      tags,
      complexity,
      estimated_setup_minutes,
      position
    )
),
written AS (
  INSERT INTO agent.template AS present (
    name,
    version,
    description,
    category,
    files,
    required_variables,
    optional_variables,
    tech_stack,
    tags,
    complexity,
    estimated_setup_minutes
  )
  SELECT
    name,
    version,
    description,
    category,
    files,
    required_variables,
    optional_variables,
    tech_stack,
    tags,
    complexity,
    estimated_setup_minutes
  FROM input
  ORDER BY
    name
  ON CONFLICT ON CONSTRAINT template_name_key DO UPDATE SET
    version = excluded.version,
    description = excluded.description,
    category = excluded.category,
    files = excluded.files,
    required_variables = excluded.required_variables,
    optional_variables = excluded.optional_variables,
    tech_stack = excluded.tech_stack,
    tags = excluded.tags,
    complexity = excluded.complexity,
    estimated_setup_minutes = excluded.estimated_setup_minutes
  WHERE
    (
      present.version,
      present.description,
      present.category,
      present.files,
      present.required_variables,
      present.optional_variables,
      present.tech_stack,
      present.tags,
      present.complexity,
      present.estimated_setup_minutes
    ) IS DISTINCT FROM (
      excluded.version,
      excluded.description,
      excluded.category,
      excluded.files,
      excluded.required_variables,
      excluded.optional_variables,
      excluded.tech_stack,
      excluded.tags,
      excluded.complexity,
      excluded.estimated_setup_minutes
    )
  RETURNING
    template_id,
    name,
    -- A row that this statement inserted was not locked or updated by anyone before: its xmax is zero.
    xmax = 0 AS is_created
),
-- Locked, so that a row that somebody is deleting is waited for, and is not there when it was deleted.
kept AS (
  SELECT
    template_id,
    name
  FROM agent.template
  WHERE name IN (SELECT name FROM input)
  ORDER BY
    name
  FOR KEY SHARE
)
SELECT
  coalesce(written.template_id, kept.template_id) AS "templateId?",
  CASE
    WHEN written.is_created THEN 'created'
    WHEN written.template_id IS NOT NULL THEN 'updated'
    ELSE 'unchanged'
  END AS "outcome!"
FROM
  input
  LEFT JOIN written ON written.name = input.name
  LEFT JOIN kept ON kept.name = input.name
ORDER BY
  input.position;

/* @name findTemplate */
-- Zero or one row by template_pkey.
SELECT
  template_id,
  name,
  version,
  description,
  category,
  files,
  file_count,
  required_variables,
  optional_variables,
  tech_stack,
  tags,
  complexity,
  estimated_setup_minutes,
  usage_count,
  last_used_at,
  created_at,
  updated_at
FROM agent.template
WHERE template_id = :templateId!;

/* @name findTemplates */
-- A row for each of :templateIds that there is, in no order, by template_pkey. The columns are those of findTemplate.
SELECT
  template_id,
  name,
  version,
  description,
  category,
  files,
  file_count,
  required_variables,
  optional_variables,
  tech_stack,
  tags,
  complexity,
  estimated_setup_minutes,
  usage_count,
  last_used_at,
  created_at,
  updated_at
FROM agent.template
WHERE template_id = ANY(:templateIds!);

/* @name findTemplateByName */
-- Zero or one row by template_name_key.
SELECT
  template_id,
  name,
  version,
  description,
  category,
  files,
  file_count,
  required_variables,
  optional_variables,
  tech_stack,
  tags,
  complexity,
  estimated_setup_minutes,
  usage_count,
  last_used_at,
  created_at,
  updated_at
FROM agent.template
WHERE name = :name!;

/* @name findTemplateVariables */
-- Zero or one row by template_pkey.
SELECT
  required_variables,
  optional_variables
FROM agent.template
WHERE template_id = :templateId!;

/* @name existsTemplate */
-- One row. By template_pkey.
SELECT
  EXISTS (
    SELECT 1
    FROM agent.template
    WHERE template_id = :templateId!
  ) AS "exists!";

/* @name listTemplates */
-- Zero to :limit rows, without their files. Each filter has its index, and each order the index it walks (see the
-- migration), but for tagsNone: what an array does not hold is in no index, so it only thins out what the others find.
-- @vet-off index(tagsNone): no index holds what an array lacks; this thins out what other filters find.
SELECT
  template_id,
  name,
  version,
  description,
  category,
  file_count,
  required_variables,
  optional_variables,
  tech_stack,
  tags,
  complexity,
  estimated_setup_minutes,
  usage_count,
  last_used_at,
  created_at,
  updated_at
FROM agent.template
WHERE
  TRUE
  AND category = :category                                                                              -- @if category
  AND tags && :tagsAny                                                                                  -- @if tagsAny
  AND tags @> :tagsAll                                                                                  -- @if tagsAll
  AND NOT tags && :tagsNone                                                                             -- @if tagsNone
  AND tech_stack && :techAny                                                                            -- @if techAny
  AND tech_stack @> :techAll                                                                            -- @if techAll
  AND complexity = ANY(:complexities)                                                                   -- @if complexities
  AND coalesce(estimated_setup_minutes, 2147483647) <= :setupMinutesTo                                  -- @if setupMinutesTo
  AND updated_at > :updatedAfter                                                                        -- @if updatedAfter
  AND updated_at < :updatedBefore                                                                       -- @if updatedBefore
  AND search @@ agent.template_query(:text)                                                             -- @if text
  AND name > :cursorName                                                                                -- @if order=name & cursorName
  AND name < :cursorName                                                                                -- @if order=name-down & cursorName
  AND (created_at, template_id) < (:cursorCreatedAt, :cursorId)                                         -- @if order=newest & cursorCreatedAt
  AND (created_at, template_id) > (:cursorCreatedAt, :cursorId)                                         -- @if order=oldest & cursorCreatedAt
  AND (usage_count, template_id) < (:cursorUsageCount, :cursorId)                                       -- @if order=used & cursorUsageCount
  AND (usage_count, template_id) > (:cursorUsageCount, :cursorId)                                       -- @if order=used-up & cursorUsageCount
  AND (coalesce(estimated_setup_minutes, 2147483647), template_id) > (:cursorMinutes, :cursorId)        -- @if order=quickest & cursorMinutes
  AND (coalesce(estimated_setup_minutes, 2147483647), template_id) < (:cursorMinutes, :cursorId)        -- @if order=slowest & cursorMinutes
ORDER BY
  name,                                                                                                 -- @if order=name
  name DESC,                                                                                            -- @if order=name-down
  created_at DESC, template_id DESC,                                                                    -- @if order=newest
  created_at, template_id,                                                                              -- @if order=oldest
  usage_count DESC, template_id DESC,                                                                   -- @if order=used
  usage_count, template_id,                                                                             -- @if order=used-up
  coalesce(estimated_setup_minutes, 2147483647), template_id,                                           -- @if order=quickest
  coalesce(estimated_setup_minutes, 2147483647) DESC, template_id DESC,                                 -- @if order=slowest
  template_id
LIMIT :limit!;

/* @name countTemplates */
-- One row. The filters of listTemplates, by the same indexes. tagsNone has none.
-- @vet-off index(tagsNone): no index holds what an array lacks; this thins out what other filters find.
SELECT
  count(*) AS "count!"
FROM agent.template
WHERE
  TRUE
  AND category = :category                                                                              -- @if category
  AND tags && :tagsAny                                                                                  -- @if tagsAny
  AND tags @> :tagsAll                                                                                  -- @if tagsAll
  AND NOT tags && :tagsNone                                                                             -- @if tagsNone
  AND tech_stack && :techAny                                                                            -- @if techAny
  AND tech_stack @> :techAll                                                                            -- @if techAll
  AND complexity = ANY(:complexities)                                                                   -- @if complexities
  AND coalesce(estimated_setup_minutes, 2147483647) <= :setupMinutesTo                                  -- @if setupMinutesTo
  AND updated_at > :updatedAfter                                                                        -- @if updatedAfter
  AND updated_at < :updatedBefore                                                                       -- @if updatedBefore
  AND search @@ agent.template_query(:text)                                                             -- @if text
;

/* @name searchTemplates */
-- Zero to :limit rows, without their files, by template_search_idx. :query is the same text as :text: it ranks, and :text
-- is a filter like those of listTemplates, which are all here. All that are found are ranked before the best are taken.
-- The rank is the mean over the words that are sought: each counts by the best place it has, and what repeats it adds less
-- than two thirds, so that no number of tags comes up to a name, and no description to a tag. That is ts_rank of an OR,
-- which the query is made by joining it to itself; of an AND, words far apart would count as nothing. The sub-select is
-- evaluated once and not for each row.
-- @vet-off index(tagsNone): no index holds what an array lacks; this thins out what other filters find.
-- @vet-off sort-without-index(order): :text is always given, and only what it finds is ranked.
WITH found AS (
  SELECT
    template_id,
    name,
    version,
    description,
    category,
    file_count,
    required_variables,
    optional_variables,
    tech_stack,
    tags,
    complexity,
    estimated_setup_minutes,
    usage_count,
    last_used_at,
    created_at,
    updated_at,
    ts_rank('{0, 0.01, 0.1, 1}', search, (SELECT agent.template_query(:query!) || agent.template_query(:query!))) AS rank
  FROM agent.template
  WHERE
    TRUE
    AND category = :category                                                                            -- @if category
    AND tags && :tagsAny                                                                                -- @if tagsAny
    AND tags @> :tagsAll                                                                                -- @if tagsAll
    AND NOT tags && :tagsNone                                                                           -- @if tagsNone
    AND tech_stack && :techAny                                                                          -- @if techAny
    AND tech_stack @> :techAll                                                                          -- @if techAll
    AND complexity = ANY(:complexities)                                                                 -- @if complexities
    AND coalesce(estimated_setup_minutes, 2147483647) <= :setupMinutesTo                                -- @if setupMinutesTo
    AND updated_at > :updatedAfter                                                                      -- @if updatedAfter
    AND updated_at < :updatedBefore                                                                     -- @if updatedBefore
    AND search @@ agent.template_query(:text)                                                           -- @if text
)
SELECT
  template_id,
  name,
  version,
  description,
  category,
  file_count,
  required_variables,
  optional_variables,
  tech_stack,
  tags,
  complexity,
  estimated_setup_minutes,
  usage_count,
  last_used_at,
  created_at,
  updated_at,
  rank AS "rank!"
FROM found
WHERE
  TRUE
  AND (rank, template_id) < (:cursorRank, :cursorId)                                                    -- @if order=best & cursorRank
  AND (rank, template_id) > (:cursorRank, :cursorId)                                                    -- @if order=worst & cursorRank
ORDER BY
  rank DESC, template_id DESC,                                                                          -- @if order=best
  rank, template_id,                                                                                    -- @if order=worst
  template_id
LIMIT :limit!;

/* @name updateTemplate */
-- Zero or one row by template_pkey. Only what is given changes; the last line keeps the list whole.
UPDATE agent.template
SET
  name = :name,                                                                                         -- @if name
  version = :version,                                                                                   -- @if version
  description = :description,                                                                           -- @if description
  category = :category,                                                                                 -- @if category
  files = :files,                                                                                       -- @if files
  required_variables = :requiredVariables,                                                              -- @if requiredVariables
  optional_variables = :optionalVariables,                                                              -- @if optionalVariables
  tech_stack = :techStack,                                                                              -- @if techStack
  tags = :tags,                                                                                         -- @if tags
  complexity = :complexity,                                                                             -- @if complexity
  estimated_setup_minutes = :estimatedSetupMinutes,                                                     -- @if estimatedSetupMinutes
  template_id = template_id
WHERE template_id = :templateId!
RETURNING
  template_id,
  name,
  version,
  description,
  category,
  files,
  file_count,
  required_variables,
  optional_variables,
  tech_stack,
  tags,
  complexity,
  estimated_setup_minutes,
  usage_count,
  last_used_at,
  created_at,
  updated_at;

/* @name recordTemplateUse */
-- Zero or one row by template_pkey, without its files. A use that waited for another one began before it: its time must
-- not take the place of a later one.
UPDATE agent.template
SET
  usage_count = usage_count + 1,
  last_used_at = greatest(last_used_at, now())
WHERE template_id = :templateId!
RETURNING
  template_id,
  name,
  version,
  description,
  category,
  file_count,
  required_variables,
  optional_variables,
  tech_stack,
  tags,
  complexity,
  estimated_setup_minutes,
  usage_count,
  last_used_at,
  created_at,
  updated_at;

/* @name deleteTemplate */
-- Zero or one row by template_pkey.
DELETE FROM agent.template
WHERE template_id = :templateId!;

/* @name updateTemplates */
-- One row. The filters of listTemplates, by the same indexes. tagsNone has none. When they find more than :maxRows, nothing
-- is changed, and found is one more. Rows are locked in the order of the key, so that two such statements do not deadlock.
-- @vet-off index(tagsNone): no index holds what an array lacks; this thins out what other filters find.
WITH found AS (
  SELECT
    template_id
  FROM agent.template
  WHERE
    TRUE
    AND category = :category                                                                            -- @if category
    AND tags && :tagsAny                                                                                -- @if tagsAny
    AND tags @> :tagsAll                                                                                -- @if tagsAll
    AND NOT tags && :tagsNone                                                                           -- @if tagsNone
    AND tech_stack && :techAny                                                                          -- @if techAny
    AND tech_stack @> :techAll                                                                          -- @if techAll
    AND complexity = ANY(:complexities)                                                                 -- @if complexities
    AND coalesce(estimated_setup_minutes, 2147483647) <= :setupMinutesTo                                -- @if setupMinutesTo
    AND updated_at > :updatedAfter                                                                      -- @if updatedAfter
    AND updated_at < :updatedBefore                                                                     -- @if updatedBefore
    AND search @@ agent.template_query(:text)                                                           -- @if text
  ORDER BY
    template_id
  LIMIT :maxRows::bigint + 1                                                                            -- @if maxRows
  FOR NO KEY UPDATE
),
changed AS (
  UPDATE agent.template AS template
  SET
    version = :newVersion,                                                                              -- @if newVersion
    description = :newDescription,                                                                      -- @if newDescription
    category = :newCategory,                                                                            -- @if newCategory
    files = :newFiles,                                                                                  -- @if newFiles
    required_variables = :newRequiredVariables,                                                         -- @if newRequiredVariables
    optional_variables = :newOptionalVariables,                                                         -- @if newOptionalVariables
    tech_stack = :newTechStack,                                                                         -- @if newTechStack
    tags = :newTags,                                                                                    -- @if newTags
    complexity = :newComplexity,                                                                        -- @if newComplexity
    estimated_setup_minutes = :newEstimatedSetupMinutes,                                                -- @if newEstimatedSetupMinutes
    template_id = template.template_id
  FROM found
  WHERE
    template.template_id = found.template_id
    AND (SELECT count(*) FROM found) <= :maxRows                                                        -- @if maxRows
  RETURNING
    template.template_id
)
SELECT
  (SELECT count(*) FROM found) AS "found!",
  (SELECT count(*) FROM changed) AS "changed!";

/* @name deleteTemplates */
-- One row. The filters of listTemplates, by the same indexes. tagsNone has none. When they find more than :maxRows, nothing
-- is deleted, and found is one more. Rows are locked in the order of the key, so that two such statements do not deadlock.
-- @vet-off index(tagsNone): no index holds what an array lacks; this thins out what other filters find.
WITH found AS (
  SELECT
    template_id
  FROM agent.template
  WHERE
    TRUE
    AND category = :category                                                                            -- @if category
    AND tags && :tagsAny                                                                                -- @if tagsAny
    AND tags @> :tagsAll                                                                                -- @if tagsAll
    AND NOT tags && :tagsNone                                                                           -- @if tagsNone
    AND tech_stack && :techAny                                                                          -- @if techAny
    AND tech_stack @> :techAll                                                                          -- @if techAll
    AND complexity = ANY(:complexities)                                                                 -- @if complexities
    AND coalesce(estimated_setup_minutes, 2147483647) <= :setupMinutesTo                                -- @if setupMinutesTo
    AND updated_at > :updatedAfter                                                                      -- @if updatedAfter
    AND updated_at < :updatedBefore                                                                     -- @if updatedBefore
    AND search @@ agent.template_query(:text)                                                           -- @if text
  ORDER BY
    template_id
  LIMIT :maxRows::bigint + 1                                                                            -- @if maxRows
  FOR UPDATE
),
changed AS (
  DELETE FROM agent.template AS template
  USING found
  WHERE
    template.template_id = found.template_id
    AND (SELECT count(*) FROM found) <= :maxRows                                                        -- @if maxRows
  RETURNING
    template.template_id
)
SELECT
  (SELECT count(*) FROM found) AS "found!",
  (SELECT count(*) FROM changed) AS "changed!";
