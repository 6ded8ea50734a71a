/* @name newIds */
-- :count rows. The ids sort as they were made, to the millisecond.
SELECT
  core.new_id() AS "id!"
FROM generate_series(1, :count!::integer);
