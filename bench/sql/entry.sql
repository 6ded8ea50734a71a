/* @name listEntries */
-- 100 rows by entry_bucket_position_idx.
SELECT
  entry_id,
  position,
  title,
  body,
  price,
  share,
  is_open,
  labels,
  scores,
  payload,
  created_at,
  updated_at
FROM bench.entry
WHERE bucket = :bucket!
ORDER BY
  position
LIMIT 100;
