/* @name findOperation */
-- Zero or one row, by operation_pkey.
SELECT
  operation_id,
  query,
  created_at,
  replayed_at
FROM core.operation
WHERE operation_id = :operationId!;

/* @name deleteOldOperations */
-- Zero to :batchSize rows, the oldest first, by operation_created_at_idx. Rows that another such statement, or a replay, has
-- locked are left for the next time: nobody waits for anybody.
WITH found AS (
  SELECT
    operation_id
  FROM core.operation
  WHERE created_at < now() - make_interval(secs => :olderThanMs!::float8 / 1000)
  ORDER BY
    created_at
  LIMIT :batchSize!
  FOR UPDATE SKIP LOCKED
)
DELETE FROM core.operation
USING found
WHERE operation.operation_id = found.operation_id;
