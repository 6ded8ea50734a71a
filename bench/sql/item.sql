/* @name findItem */
-- Zero or one row by item_pkey.
SELECT
  item_id,
  name,
  score,
  tags,
  attributes,
  updated_at
FROM bench.item
WHERE item_id = :itemId!;

/* @name findItems */
-- At most as many rows as :itemIds has elements, by item_pkey.
SELECT
  item_id,
  name,
  score,
  tags,
  attributes,
  updated_at
FROM bench.item
WHERE item_id = ANY(:itemIds!);

/* @name findItemSlowly */
-- Zero or one row by item_pkey; 50 ms later when :isSlow says so.
SELECT
  item_id,
  name,
  score,
  tags,
  attributes,
  updated_at,
  bench.pause(:isSlow!) AS "paused!"
FROM bench.item
WHERE item_id = :itemId!;

/* @name touchItem */
-- Locks the row.
UPDATE bench.item
SET score = score + 1
WHERE item_id = :itemId!;
