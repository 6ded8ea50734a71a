/* @name listPartitions */
-- A row for each partition of the tables that are kept, by table and name, the default one first.
-- @vet-off unbounded: a table has one partition for each month that is kept, and the default one
SELECT
  table_name AS "tableName!",
  partition_name AS "partitionName!",
  starts_at AS "startsAt?",
  ends_at AS "endsAt?",
  is_default AS "isDefault!",
  has_rows AS "hasRows!",
  size_bytes AS "sizeBytes!",
  retention_days AS "retentionDays?"
FROM core.list_partitions()
WHERE
  TRUE
  AND table_name = :tableName                                                                           -- @if tableName
ORDER BY
  table_name,
  is_default DESC,
  partition_name;

/* @name listPartitionedTables */
-- A row for each table that is kept, by partitioned_table_pkey.
-- @vet-off unbounded: migrations put rows there, one for each partitioned table
SELECT
  table_name
FROM core.partitioned_table
WHERE
  TRUE
  AND table_name = :tableName                                                                           -- @if tableName
ORDER BY
  table_name;

/* @name keepPartitions */
-- A row for each partition that was made, dropped or emptied. Locks the table where a partition is dropped, its default
-- partition while rows are moved out of it, and writers out of the table when this month is made.
-- @vet-off unbounded: at the most one row for each partition of one table, one a month
SELECT
  partition_name AS "partitionName!",
  outcome AS "outcome!",
  row_count AS "rowCount?"
FROM core.keep_partitions(:tableName!);

/* @name setRetention */
-- Zero or one row by partitioned_table_pkey.
UPDATE core.partitioned_table
SET
  retention_days = :retentionDays
WHERE table_name = :tableName!
RETURNING
  table_name;
