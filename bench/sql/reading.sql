/* @name listReadings */
-- All rows up to :readingIdTo, by reading_pkey.
SELECT
  reading_id,
  device,
  value,
  is_valid,
  taken_at
FROM bench.reading
WHERE reading_id <= :readingIdTo!
ORDER BY
  reading_id;
