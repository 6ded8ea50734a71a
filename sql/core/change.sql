/* @name listChanges */
-- Zero to :limit rows, those of one row by change_log_row_id_idx, of a table by change_log_table_name_idx, of an actor by
-- change_log_actor_idx, of a transaction by change_log_transaction_id_idx, else by change_log_pkey, whose order all have;
-- what is outside of changedAfter and changedBefore by the partition, too. action and column only thin out what the others find.
-- @vet-off index(actions, column): four actions, and names that most changes share; they thin out what the others find.
-- @vet-off order-key: no id is given twice, and who asks chooses an order, which ends in the primary key
SELECT
  change_id,
  changed_at,
  transaction_id,
  actor,
  table_name,
  row_id,
  action,
  columns,
  old_values,
  new_values
FROM core.change_log
WHERE
  TRUE
  AND table_name = :tableName                                                                           -- @if tableName
  AND row_id = :rowId                                                                                   -- @if rowId
  AND transaction_id = :transactionId                                                                   -- @if transactionId
  AND actor = :actor                                                                                    -- @if actor
  AND action = ANY(:actions)                                                                            -- @if actions
  AND columns @> ARRAY[:column]                                                                         -- @if column
  AND changed_at > :changedAfter                                                                        -- @if changedAfter
  AND changed_at < :changedBefore                                                                       -- @if changedBefore
  AND (changed_at, change_id) < (:cursorChangedAt, :cursorId)                                           -- @if order=newest & cursorChangedAt
  AND (changed_at, change_id) > (:cursorChangedAt, :cursorId)                                           -- @if order=oldest & cursorChangedAt
ORDER BY
  changed_at DESC, change_id DESC,                                                                      -- @if order=newest
  changed_at, change_id,                                                                                -- @if order=oldest
  change_id
LIMIT :limit!;

/* @name countChanges */
-- One row. The filters of listChanges, by the same indexes.
-- @vet-off index(actions, column): four actions, and names that most changes share; they thin out what the others find.
SELECT
  count(*) AS "count!"
FROM core.change_log
WHERE
  TRUE
  AND table_name = :tableName                                                                           -- @if tableName
  AND row_id = :rowId                                                                                   -- @if rowId
  AND transaction_id = :transactionId                                                                   -- @if transactionId
  AND actor = :actor                                                                                    -- @if actor
  AND action = ANY(:actions)                                                                            -- @if actions
  AND columns @> ARRAY[:column]                                                                         -- @if column
  AND changed_at > :changedAfter                                                                        -- @if changedAfter
  AND changed_at < :changedBefore                                                                       -- @if changedBefore
;
