/* @name recordServiceHealthChecks */
-- As many rows as :checks has elements, in their order; none, and nothing is written, when one of the services is not there.
-- An element has the id of its service, or a name, which is looked up by service_name_key. The services are locked, by
-- service_pkey, in the order of upsertServices: two statements with the same ones, be it an update of many, wait for each
-- other and do not deadlock. All that
-- is counted is counted behind that lock, so that none of the reports of one moment is lost; and a report that names no time
-- takes its time there, so that it is the latest.
-- The checks of one service are counted in the order of their times. One that is older than the latest that was known before
-- is late: it is kept and counted, but says nothing of the present, neither in the status nor in the score.
WITH input AS (
  SELECT
    coalesce(
      input.service_id,
      (
        SELECT service.service_id
        FROM registry.service
        WHERE service.name = input.name AND service.deleted_at IS NULL
      )
    ) AS service_id,
    input.status,
    input.response_time_ms,
    input.error,
    input.checked_at,
    input.position
  FROM
    ROWS FROM (
      json_to_recordset(:checks!) AS (
        service_id uuid,
        name text,
        status registry.health_check_status,
        response_time_ms double precision,
        error text,
        checked_at timestamptz(3)
      )
    ) WITH ORDINALITY AS input (
      service_id,
      name,
      status,
      response_time_ms,
      error,
      checked_at,
      position
    )
),
-- Both the join and the place where the deleted are left out are for plans that were made when the table was all but empty, and
-- are kept while it grows: `= ANY(...)` would compare every row with every element (3,000 of 100,000 in 5.5 s, and so in
-- 0.9 s), and with `deleted_at IS NULL` such a plan takes any index of the living for small, and reads all of it.
locked AS (
  SELECT
    service_id,
    last_health_check_at,
    success_count + failure_count AS check_count,
    deleted_at
  FROM registry.service
  WHERE service_id IN (SELECT service_id FROM input)
  ORDER BY
    name,
    service_id
  FOR NO KEY UPDATE
),
-- Not among the columns of locked: those are read before the row is waited for.
timed AS (
  SELECT
    service_id,
    last_health_check_at,
    check_count,
    greatest(clock_timestamp()::timestamptz(3), last_health_check_at) AS present
  FROM locked
  WHERE deleted_at IS NULL
),
checked AS (
  SELECT
    input.service_id,
    input.status,
    input.response_time_ms,
    input.error,
    input.position,
    timed.check_count,
    least(input.checked_at, timed.present) AS checked_at,
    coalesce(input.checked_at < timed.last_health_check_at, false) AS is_late,
    -- 1 is the latest. The weights end where 0.9^n is nothing beside 1.
    row_number() OVER (
      PARTITION BY input.service_id
      ORDER BY least(input.checked_at, timed.present) DESC, input.position DESC
    ) AS age
  FROM
    input
    JOIN timed ON timed.service_id = input.service_id
),
summed AS (
  SELECT
    service_id,
    count(*) FILTER (WHERE status = 'healthy') AS success_count,
    count(*) FILTER (WHERE status = 'unhealthy') AS failure_count,
    max(checked_at) AS last_health_check_at,
    max(checked_at) FILTER (WHERE status = 'healthy') AS last_seen_at,
    max(status) FILTER (WHERE age = 1 AND NOT is_late) AS status,
    (array_agg(response_time_ms ORDER BY age) FILTER (WHERE response_time_ms IS NOT NULL AND NOT is_late))[1]
      AS response_time_ms,
    -- Late ones come before the new ones.
    max(check_count) + count(*) FILTER (WHERE is_late) AS count_before,
    count(*) FILTER (WHERE NOT is_late) AS new_count,
    coalesce(sum(power(0.9::double precision, least(age, 1000) - 1)) FILTER (WHERE status = 'healthy' AND NOT is_late), 0)
      / sum(power(0.9::double precision, least(age, 1000) - 1)) FILTER (WHERE NOT is_late) AS new_score
  FROM checked
  GROUP BY
    service_id
),
updated AS (
  UPDATE registry.service
  SET
    success_count = service.success_count + summed.success_count,
    failure_count = service.failure_count + summed.failure_count,
    last_health_check_at = greatest(service.last_health_check_at, summed.last_health_check_at),
    last_seen_at = greatest(service.last_seen_at, summed.last_seen_at),
    response_time_ms = coalesce(summed.response_time_ms, service.response_time_ms),
    status = CASE
      WHEN summed.status IS NULL OR service.status IN ('maintenance', 'disabled') THEN service.status
      WHEN summed.status = 'healthy' THEN 'healthy'::registry.service_status
      ELSE 'unhealthy'::registry.service_status
    END,
    health_score = registry.next_health_score(
      service.health_score,
      summed.count_before,
      summed.new_score,
      summed.new_count
    )
  FROM summed
  WHERE
    service.service_id = summed.service_id
    AND NOT EXISTS (
      SELECT 1
      FROM input
      WHERE service_id IS NULL OR service_id NOT IN (SELECT service_id FROM timed)
    )
  RETURNING
    service.service_id,
    service.status,
    service.health_score,
    service.success_count,
    service.failure_count,
    service.response_time_ms,
    service.last_health_check_at,
    service.last_seen_at
),
-- In order: so their ids sort those of one time.
recorded AS (
  INSERT INTO registry.service_health_check (service_id, checked_at, status, response_time_ms, error)
  SELECT
    checked.service_id,
    checked.checked_at,
    checked.status,
    checked.response_time_ms,
    checked.error
  FROM checked
  WHERE EXISTS (SELECT 1 FROM updated)
  ORDER BY
    checked.checked_at,
    checked.position
)
SELECT
  updated.service_id,
  updated.status,
  updated.health_score,
  updated.success_count,
  updated.failure_count,
  updated.response_time_ms,
  updated.last_health_check_at,
  updated.last_seen_at
FROM
  input
  JOIN updated ON updated.service_id = input.service_id
ORDER BY
  input.position;

/* @name listServiceHealthChecks */
-- Zero to :limit rows. Each order walks service_health_check_service_id_idx, in the partitions that the times leave; status
-- thins out what that finds.
-- @vet-off index(status): of two values; it thins out the checks of one service, which its index has found.
-- @vet-off order-key: no id is given twice, and who asks chooses an order, which ends in the primary key
SELECT
  service_health_check_id,
  service_id,
  checked_at,
  status,
  response_time_ms,
  error,
  reported_by
FROM registry.service_health_check
WHERE
  service_id = :serviceId!
  AND status = :status                                                                                  -- @if status
  AND checked_at > :checkedAfter                                                                        -- @if checkedAfter
  AND checked_at < :checkedBefore                                                                       -- @if checkedBefore
  AND (checked_at, service_health_check_id) < (:cursorCheckedAt, :cursorId)                             -- @if order=newest & cursorCheckedAt
  AND (checked_at, service_health_check_id) > (:cursorCheckedAt, :cursorId)                             -- @if order=oldest & cursorCheckedAt
ORDER BY
  checked_at DESC, service_health_check_id DESC,                                                        -- @if order=newest
  checked_at, service_health_check_id,                                                                  -- @if order=oldest
  service_health_check_id
LIMIT :limit!;

/* @name countServiceHealthChecks */
-- One row. The filters of listServiceHealthChecks, by the same index.
-- @vet-off index(status): of two values; it thins out the checks of one service, which its index has found.
SELECT
  count(*) AS "count!"
FROM registry.service_health_check
WHERE
  service_id = :serviceId!
  AND status = :status                                                                                  -- @if status
  AND checked_at > :checkedAfter                                                                        -- @if checkedAfter
  AND checked_at < :checkedBefore                                                                       -- @if checkedBefore
;

/* @name serviceHealthHistory */
-- Zero to :spans rows, the latest first, by service_health_check_service_id_idx: one for each span of :spanHours hours (in
-- UTC) in which there were checks, the last of them that of :before, or the present one.
-- @vet-off unbounded: at the most :spans rows: no check is older than so many spans, and a row is of one span
SELECT
  date_bin(make_interval(hours => :spanHours!), checked_at, timestamptz '2000-01-01 00:00:00+00')::timestamptz(3)
    AS "startsAt!",
  count(*) AS "checkCount!",
  count(*) FILTER (WHERE status = 'healthy') AS "successCount!",
  avg(response_time_ms) AS mean_response_time_ms,
  percentile_cont(0.95) WITHIN GROUP (ORDER BY response_time_ms) AS p95_response_time_ms
FROM registry.service_health_check
WHERE
  service_id = :serviceId!
  AND checked_at < :before                                                                              -- @if before
  AND checked_at >= date_bin(
    make_interval(hours => :spanHours!),
    coalesce(:before::timestamptz - interval '1 millisecond', now()),
    timestamptz '2000-01-01 00:00:00+00'
  ) - make_interval(hours => :spanHours! * (:spans! - 1))
GROUP BY
  1
ORDER BY
  1 DESC;
