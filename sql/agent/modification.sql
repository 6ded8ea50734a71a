/* @name createModification */
-- One row, pending.
INSERT INTO agent.modification (
  project_context_id,
  request,
  requested_by,
  impact_analysis,
  affected_files
) VALUES (
  :projectContextId!,
  :request!,
  :requestedBy!,
  :impactAnalysis,
  :affectedFiles!
)
RETURNING
  modification_id,
  project_context_id,
  request,
  requested_by,
  status,
  impact_analysis,
  affected_files,
  result,
  decided_by,
  decision_note,
  decided_at,
  applied_at,
  failed_at,
  created_at,
  updated_at;

/* @name createModifications */
-- As many rows as :modifications has elements, in their order, which may be none. One statement and one plan for any
-- number. RETURNING promises no order, so each row gets its id before. Contexts are locked (against deletion) in the
-- order of their ids, as by a statement that deletes several: the two wait for each other and do not deadlock.
WITH input AS MATERIALIZED (
  SELECT
    core.new_id() AS modification_id,
    project_context_id,
    request,
    requested_by,
    impact_analysis,
    affected_files,
    position
  FROM
    ROWS FROM (
      json_to_recordset(:modifications!) AS (
        project_context_id uuid,
        request text,
        requested_by text,
        impact_analysis jsonb,
        affected_files text[]
      )
    ) WITH ORDINALITY AS input (
      project_context_id,
      request,
      requested_by,
      impact_analysis,
      affected_files,
      position
    )
),
created AS (
  INSERT INTO agent.modification (
    modification_id,
    project_context_id,
    request,
    requested_by,
    impact_analysis,
    affected_files
  )
  SELECT
    modification_id,
    project_context_id,
    request,
    requested_by,
    impact_analysis,
    affected_files
  FROM input
  ORDER BY
    project_context_id,
    position
  RETURNING
    modification_id,
    project_context_id,
    request,
    requested_by,
    status,
    impact_analysis,
    affected_files,
    result,
    decided_by,
    decision_note,
    decided_at,
    applied_at,
    failed_at,
    created_at,
    updated_at
)
SELECT
  created.modification_id,
  created.project_context_id,
  created.request,
  created.requested_by,
  created.status,
  created.impact_analysis,
  created.affected_files,
  created.result,
  created.decided_by,
  created.decision_note,
  created.decided_at,
  created.applied_at,
  created.failed_at,
  created.created_at,
  created.updated_at
FROM
  input
  JOIN created ON created.modification_id = input.modification_id
ORDER BY
  input.position;

/* @name findModification */
-- Zero or one row by modification_pkey.
SELECT
  modification_id,
  project_context_id,
  request,
  requested_by,
  status,
  impact_analysis,
  affected_files,
  result,
  decided_by,
  decision_note,
  decided_at,
  applied_at,
  failed_at,
  created_at,
  updated_at
FROM agent.modification
WHERE modification_id = :modificationId!;

/* @name findModifications */
-- A row for each of :modificationIds that there is, in no order, by modification_pkey. The columns are those of findModification.
SELECT
  modification_id,
  project_context_id,
  request,
  requested_by,
  status,
  impact_analysis,
  affected_files,
  result,
  decided_by,
  decision_note,
  decided_at,
  applied_at,
  failed_at,
  created_at,
  updated_at
FROM agent.modification
WHERE modification_id = ANY(:modificationIds!);

/* @name existsModification */
-- One row. By modification_pkey.
SELECT
  EXISTS (
    SELECT 1
    FROM agent.modification
    WHERE modification_id = :modificationId!
  ) AS "exists!";

/* @name listModifications */
-- Zero to :limit rows. Each filter has its index, and each order the index it walks; see the migration.
SELECT
  modification_id,
  project_context_id,
  request,
  requested_by,
  status,
  impact_analysis,
  affected_files,
  result,
  decided_by,
  decision_note,
  decided_at,
  applied_at,
  failed_at,
  created_at,
  updated_at
FROM agent.modification
WHERE
  TRUE
  AND project_context_id = :projectContextId                                                   -- @if projectContextId
  AND status = ANY(:statuses)                                                                  -- @if statuses
  AND affected_files && :affectedFiles                                                         -- @if affectedFiles
  AND requested_by = :requestedBy                                                              -- @if requestedBy
  AND agent.risk_rank(impact_analysis) = ANY(:riskRanks)                                       -- @if riskRanks
  AND created_at > :createdAfter                                                               -- @if createdAfter
  AND created_at < :createdBefore                                                              -- @if createdBefore
  AND decided_at > :decidedAfter                                                               -- @if decidedAfter
  AND decided_at < :decidedBefore                                                              -- @if decidedBefore
  AND (created_at, modification_id) < (:cursorCreatedAt, :cursorId)                            -- @if order=newest & cursorCreatedAt
  AND (created_at, modification_id) > (:cursorCreatedAt, :cursorId)                            -- @if order=oldest & cursorCreatedAt
  AND (updated_at, modification_id) < (:cursorUpdatedAt, :cursorId)                            -- @if order=updated & cursorUpdatedAt
  AND (updated_at, modification_id) > (:cursorUpdatedAt, :cursorId)                            -- @if order=updated-up & cursorUpdatedAt
  AND (agent.risk_rank(impact_analysis), modification_id) < (:cursorRiskRank, :cursorId)       -- @if order=risk & cursorRiskRank
  AND (agent.risk_rank(impact_analysis), modification_id) > (:cursorRiskRank, :cursorId)       -- @if order=risk-up & cursorRiskRank
ORDER BY
  created_at DESC, modification_id DESC,                                                       -- @if order=newest
  created_at, modification_id,                                                                 -- @if order=oldest
  updated_at DESC, modification_id DESC,                                                       -- @if order=updated
  updated_at, modification_id,                                                                 -- @if order=updated-up
  agent.risk_rank(impact_analysis) DESC, modification_id DESC,                                 -- @if order=risk
  agent.risk_rank(impact_analysis), modification_id,                                           -- @if order=risk-up
  modification_id
LIMIT :limit!;

/* @name countModifications */
-- One row. The filters of listModifications, by the same indexes.
SELECT
  count(*) AS "count!"
FROM agent.modification
WHERE
  TRUE
  AND project_context_id = :projectContextId                                                   -- @if projectContextId
  AND status = ANY(:statuses)                                                                  -- @if statuses
  AND affected_files && :affectedFiles                                                         -- @if affectedFiles
  AND requested_by = :requestedBy                                                              -- @if requestedBy
  AND agent.risk_rank(impact_analysis) = ANY(:riskRanks)                                       -- @if riskRanks
  AND created_at > :createdAfter                                                               -- @if createdAfter
  AND created_at < :createdBefore                                                              -- @if createdBefore
  AND decided_at > :decidedAfter                                                               -- @if decidedAfter
  AND decided_at < :decidedBefore                                                              -- @if decidedBefore
;

/* @name modificationStatistics */
-- One row, also when nothing is found: counts are 0 then, and what is a mean or a share of nothing is NULL. The filters
-- of listModifications, by the same indexes.
SELECT
  count(*) AS "total!",
  count(*) FILTER (WHERE status = 'pending') AS "pending!",
  count(*) FILTER (WHERE status = 'approved') AS "approved!",
  count(*) FILTER (WHERE status = 'applied') AS "applied!",
  count(*) FILTER (WHERE status = 'failed') AS "failed!",
  count(*) FILTER (WHERE status = 'rejected') AS "rejected!",
  (avg(extract(epoch FROM decided_at - created_at)) * 1000)::double precision AS "meanDecisionMs?",
  (avg(extract(epoch FROM coalesce(applied_at, failed_at) - decided_at)) * 1000)::double precision AS "meanExecutionMs?",
  count(failed_at)::double precision / nullif(count(applied_at) + count(failed_at), 0) AS "failureShare?"
FROM agent.modification
WHERE
  TRUE
  AND project_context_id = :projectContextId                                                   -- @if projectContextId
  AND status = ANY(:statuses)                                                                  -- @if statuses
  AND affected_files && :affectedFiles                                                         -- @if affectedFiles
  AND requested_by = :requestedBy                                                              -- @if requestedBy
  AND agent.risk_rank(impact_analysis) = ANY(:riskRanks)                                       -- @if riskRanks
  AND created_at > :createdAfter                                                               -- @if createdAfter
  AND created_at < :createdBefore                                                              -- @if createdBefore
  AND decided_at > :decidedAfter                                                               -- @if decidedAfter
  AND decided_at < :decidedBefore                                                              -- @if decidedBefore
;

/* @name pendingModificationCounts */
-- Zero to :limit rows, most pending first, by modification_status_idx, which holds all that is counted. Contexts that have
-- none are left out.
WITH counted AS (
  SELECT
    project_context_id,
    count(*) AS pending
  FROM agent.modification
  WHERE
    status = 'pending'
    AND project_context_id = ANY(:projectContextIds)         -- @if projectContextIds
  GROUP BY project_context_id
  ORDER BY
    pending DESC,
    project_context_id
  LIMIT :limit!
)
SELECT
  counted.project_context_id,
  project_context.name AS context_name,
  counted.pending AS "pending!"
FROM
  counted
  JOIN agent.project_context ON project_context.project_context_id = counted.project_context_id
ORDER BY
  counted.pending DESC,
  counted.project_context_id;

/* @name updateModification */
-- Zero or one row by modification_pkey. Only what is given changes. The last line keeps the list whole.
UPDATE agent.modification
SET
  project_context_id = :projectContextId,          -- @if projectContextId
  request = :request,                              -- @if request
  requested_by = :requestedBy,                     -- @if requestedBy
  impact_analysis = :impactAnalysis,               -- @if impactAnalysis
  affected_files = :affectedFiles,                 -- @if affectedFiles
  modification_id = modification_id
WHERE modification_id = :modificationId!
RETURNING
  modification_id,
  project_context_id,
  request,
  requested_by,
  status,
  impact_analysis,
  affected_files,
  result,
  decided_by,
  decision_note,
  decided_at,
  applied_at,
  failed_at,
  created_at,
  updated_at;

/* @name approveModification */
-- Zero or one row by modification_pkey. The time is set by trigger.
UPDATE agent.modification
SET
  status = 'approved',
  decided_by = :decidedBy!,
  decision_note = :note
WHERE modification_id = :modificationId!
RETURNING
  modification_id,
  project_context_id,
  request,
  requested_by,
  status,
  impact_analysis,
  affected_files,
  result,
  decided_by,
  decision_note,
  decided_at,
  applied_at,
  failed_at,
  created_at,
  updated_at;

/* @name rejectModification */
-- Zero or one row by modification_pkey. The time is set by trigger.
UPDATE agent.modification
SET
  status = 'rejected',
  decided_by = :decidedBy!,
  decision_note = :note
WHERE modification_id = :modificationId!
RETURNING
  modification_id,
  project_context_id,
  request,
  requested_by,
  status,
  impact_analysis,
  affected_files,
  result,
  decided_by,
  decision_note,
  decided_at,
  applied_at,
  failed_at,
  created_at,
  updated_at;

/* @name applyModification */
-- Zero or one row by modification_pkey, and its context by project_context_pkey. The context, whose iterations a trigger
-- counts, is locked first, as by a statement that deletes it and then, by cascade, the modification: so the two do not
-- deadlock. The time is set by trigger.
WITH context AS (
  SELECT project_context_id
  FROM agent.project_context
  WHERE project_context_id = (
    SELECT project_context_id
    FROM agent.modification
    WHERE modification_id = :modificationId!
  )
  FOR NO KEY UPDATE
)
UPDATE agent.modification
SET
  status = 'applied',
  result = :result
FROM context
WHERE modification.modification_id = :modificationId!
RETURNING
  modification.modification_id,
  modification.project_context_id,
  modification.request,
  modification.requested_by,
  modification.status,
  modification.impact_analysis,
  modification.affected_files,
  modification.result,
  modification.decided_by,
  modification.decision_note,
  modification.decided_at,
  modification.applied_at,
  modification.failed_at,
  modification.created_at,
  modification.updated_at;

/* @name failModification */
-- Zero or one row by modification_pkey. The time is set by trigger.
UPDATE agent.modification
SET
  status = 'failed',
  result = :result
WHERE modification_id = :modificationId!
RETURNING
  modification_id,
  project_context_id,
  request,
  requested_by,
  status,
  impact_analysis,
  affected_files,
  result,
  decided_by,
  decision_note,
  decided_at,
  applied_at,
  failed_at,
  created_at,
  updated_at;

/* @name deleteModification */
-- Zero or one row by modification_pkey.
DELETE FROM agent.modification
WHERE modification_id = :modificationId!;

/* @name updateModifications */
-- One row. The filters of listModifications, by the same indexes. When they find more than :maxRows, nothing is changed,
-- and found is one more. Rows are locked in the order of the key, so that two such statements do not deadlock. A trigger
-- refuses the whole statement when one of them is not pending.
WITH found AS (
  SELECT
    modification_id
  FROM agent.modification
  WHERE
    TRUE
    AND project_context_id = :projectContextId                                                 -- @if projectContextId
    AND status = ANY(:statuses)                                                                -- @if statuses
    AND affected_files && :affectedFiles                                                       -- @if affectedFiles
    AND requested_by = :requestedBy                                                            -- @if requestedBy
    AND agent.risk_rank(impact_analysis) = ANY(:riskRanks)                                     -- @if riskRanks
    AND created_at > :createdAfter                                                             -- @if createdAfter
    AND created_at < :createdBefore                                                            -- @if createdBefore
    AND decided_at > :decidedAfter                                                             -- @if decidedAfter
    AND decided_at < :decidedBefore                                                            -- @if decidedBefore
  ORDER BY
    modification_id
  LIMIT :maxRows::bigint + 1                                                                   -- @if maxRows
  FOR NO KEY UPDATE
),
changed AS (
  UPDATE agent.modification
  SET
    project_context_id = :newProjectContextId,                                                 -- @if newProjectContextId
    request = :newRequest,                                                                     -- @if newRequest
    requested_by = :newRequestedBy,                                                            -- @if newRequestedBy
    impact_analysis = :newImpactAnalysis,                                                      -- @if newImpactAnalysis
    affected_files = :newAffectedFiles,                                                        -- @if newAffectedFiles
    modification_id = modification.modification_id
  FROM found
  WHERE
    modification.modification_id = found.modification_id
    AND (SELECT count(*) FROM found) <= :maxRows                                               -- @if maxRows
  RETURNING
    modification.modification_id
)
SELECT
  (SELECT count(*) FROM found) AS "found!",
  (SELECT count(*) FROM changed) AS "changed!";

/* @name deleteModifications */
-- One row. The filters of listModifications, by the same indexes. When they find more than :maxRows, nothing is deleted,
-- and found is one more. Rows are locked in the order of the key, so that two such statements do not deadlock.
WITH found AS (
  SELECT
    modification_id
  FROM agent.modification
  WHERE
    TRUE
    AND project_context_id = :projectContextId                                                 -- @if projectContextId
    AND status = ANY(:statuses)                                                                -- @if statuses
    AND affected_files && :affectedFiles                                                       -- @if affectedFiles
    AND requested_by = :requestedBy                                                            -- @if requestedBy
    AND agent.risk_rank(impact_analysis) = ANY(:riskRanks)                                     -- @if riskRanks
    AND created_at > :createdAfter                                                             -- @if createdAfter
    AND created_at < :createdBefore                                                            -- @if createdBefore
    AND decided_at > :decidedAfter                                                             -- @if decidedAfter
    AND decided_at < :decidedBefore                                                            -- @if decidedBefore
  ORDER BY
    modification_id
  LIMIT :maxRows::bigint + 1                                                                   -- @if maxRows
  FOR UPDATE
),
changed AS (
  DELETE FROM agent.modification
  USING found
  WHERE
    modification.modification_id = found.modification_id
    AND (SELECT count(*) FROM found) <= :maxRows                                               -- @if maxRows
  RETURNING
    modification.modification_id
)
SELECT
  (SELECT count(*) FROM found) AS "found!",
  (SELECT count(*) FROM changed) AS "changed!";
