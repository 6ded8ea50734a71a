/** The engine's own SQL, all of it. */

import { rawStatement, type Statement } from './statement.js'

function own(name: string, text: string): Statement {
  return { ...rawStatement(text), query: name }
}

/** What is sent again and again is prepared under a name. */
function prepared(name: string, text: string): Statement {
  return { ...own(name, text), preparedName: `ashlar ${name}`, mayDirty: false }
}

const BEGIN_OPERATION = 'INSERT INTO core.operation (operation_id, query, fingerprint) VALUES ($1, $2, $3)'

/** The server by when it was started, and by its own address, which a restart keeps. */
const BACKEND = `  pg_backend_pid() AS pid,
  extract(epoch FROM pg_postmaster_start_time())::text AS started_at,
  concat(inet_server_addr(), ':', inet_server_port()) AS address`

export const sessionSql = {
  commit: prepared('commit', 'COMMIT'),
  rollback: prepared('rollback', 'ROLLBACK'),
  /** In ms. Reads on a lane must not hold up those behind them. Gives what was set before. */
  shortLockTimeout: prepared(
    'short lock timeout',
    `SELECT
  before.own,
  set_config('lock_timeout', '50', false) AS short
FROM (SELECT current_setting('lock_timeout') AS own OFFSET 0) AS before`,
  ),
  lockTimeout: prepared('lock timeout', "SELECT set_config('lock_timeout', $1, false)"),
  /** For the rest of the transaction, which is the statement behind it. $1: ms, as text. */
  statementTimeout: prepared('statement timeout', "SELECT set_config('statement_timeout', $1, true)"),
  /** For the rest of the transaction, or for the statement behind it. $1: who is at work; empty: nobody is named. */
  actor: prepared('actor', "SELECT set_config('ashlar.actor', $1, true)"),
  serverState: {
    ...own(
      'server state',
      `SELECT
  current_setting('server_version') AS server_version,
  pg_is_in_recovery() AS is_in_recovery`,
    ),
    isRead: true,
  },
  /** Health: one row. $1: from how many ms on a transaction is long, as text; NULL: none is. Of a session of another role,
   *  backend_type, state, query and xact_start are NULL to those who lack pg_read_all_stats. Walls between functions that
   *  work on a primary alone, or on a standby alone, are CASEs: else they fail. */
  serverReport: {
    ...own(
      'server report',
      `WITH session AS MATERIALIZED (
  SELECT
    pid,
    datname,
    usename,
    application_name,
    CASE WHEN pid <> pg_backend_pid() THEN state END AS state,
    substring(query FROM '^/[*] ([[:alnum:]_]{1,63}) [*]/') AS query_name,
    CASE
      WHEN pid <> pg_backend_pid() THEN 1000 * extract(epoch FROM clock_timestamp() - xact_start)::float8
    END AS open_ms
  FROM pg_stat_activity
  WHERE datid IS NOT NULL
    AND usesysid IS NOT NULL
    AND coalesce(backend_type, 'client backend') = 'client backend'
),
session_count AS (
  SELECT
    count(*)::int AS used,
    count(*) FILTER (WHERE usename = session_user)::int AS role_used,
    count(*) FILTER (WHERE datname = current_database())::int AS database_used,
    count(*) FILTER (
      WHERE usename = session_user
        AND datname = current_database()
        AND application_name = current_setting('application_name')
    )::int AS ours,
    count(*) FILTER (WHERE open_ms > $1::float8)::int AS long_transactions,
    count(*) FILTER (WHERE open_ms > $1::float8 AND state LIKE 'idle in transaction%')::int AS long_idle
  FROM session
),
oldest AS (
  SELECT
    open_ms AS oldest_ms,
    pid AS oldest_pid,
    state AS oldest_state,
    application_name AS oldest_application,
    query_name AS oldest_query
  FROM session
  WHERE open_ms IS NOT NULL
  ORDER BY open_ms DESC
  LIMIT 1
),
prepared AS (
  SELECT
    count(*) FILTER (
      WHERE 1000 * extract(epoch FROM clock_timestamp() - prepared)::float8 > $1::float8
    )::int AS long_prepared,
    max(1000 * extract(epoch FROM clock_timestamp() - prepared)::float8) AS oldest_prepared_ms
  FROM pg_prepared_xacts
),
recovery AS MATERIALIZED (
  SELECT
    is_in_recovery,
    CASE WHEN is_in_recovery THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS own_lsn,
    CASE
      WHEN is_in_recovery
        THEN greatest(pg_last_wal_receive_lsn(), (SELECT latest_end_lsn FROM pg_stat_wal_receiver))
    END AS received_lsn,
    CASE WHEN is_in_recovery THEN pg_is_wal_replay_paused() END AS is_replay_paused,
    -- Where nothing was replayed since the start, it is at least as old as that.
    1000 * extract(
      epoch FROM clock_timestamp() - coalesce(pg_last_xact_replay_timestamp(), pg_postmaster_start_time())
    )::float8 AS replayed_ms_ago,
    EXISTS (SELECT FROM pg_stat_wal_receiver) AS is_streaming
  FROM (SELECT pg_is_in_recovery() AS is_in_recovery OFFSET 0) AS state
),
standby AS (
  SELECT
    count(*)::int AS standbys,
    count(*) FILTER (WHERE sync_state IN ('sync', 'quorum'))::int AS synchronous_standbys,
    max(1000 * extract(epoch FROM replay_lag)::float8) AS standby_lag_ms,
    max(greatest(0, pg_wal_lsn_diff(own_lsn, replay_lsn)))::float8 AS standby_lag_bytes
  FROM pg_stat_replication
  CROSS JOIN recovery
  WHERE state IS DISTINCT FROM 'backup'
)
SELECT
  pg_has_role('pg_read_all_stats', 'USAGE') AS has_full_view,
  current_setting('max_connections')::int AS max_connections,
  current_setting('superuser_reserved_connections')::int
    + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved_connections,
  used,
  ours,
  CASE WHEN NOT rolsuper AND rolconnlimit >= 0 THEN rolconnlimit END AS role_limit,
  role_used,
  CASE WHEN NOT rolsuper AND datconnlimit >= 0 THEN datconnlimit END AS database_limit,
  database_used,
  long_transactions,
  long_idle,
  oldest_ms,
  oldest_pid,
  oldest_state,
  oldest_application,
  oldest_query,
  long_prepared,
  oldest_prepared_ms,
  is_in_recovery,
  standbys,
  synchronous_standbys,
  current_setting('synchronous_standby_names') AS synchronous_standby_names,
  current_setting('synchronous_commit') AS synchronous_commit,
  standby_lag_ms,
  standby_lag_bytes,
  is_streaming,
  is_replay_paused,
  -- What was replayed last may be old because nothing has happened since.
  CASE
    WHEN NOT is_in_recovery THEN NULL
    WHEN is_streaming AND own_lsn >= received_lsn THEN 0
    ELSE replayed_ms_ago
  END AS lag_ms,
  CASE WHEN is_in_recovery THEN greatest(0, pg_wal_lsn_diff(received_lsn, own_lsn))::float8 END AS lag_bytes
FROM session_count
CROSS JOIN prepared
CROSS JOIN recovery
CROSS JOIN standby
CROSS JOIN pg_roles
CROSS JOIN pg_database
LEFT JOIN oldest ON true
WHERE rolname = session_user
  AND datname = current_database()`,
    ),
    isRead: true,
  },
  /** Proof of the transaction that it is in, for all who come later. $1: its id, $2: the query's name, $3: the fingerprint. */
  beginOperation: prepared('begin operation', BEGIN_OPERATION),
  /** The same, where the engine alone drives the transaction: a connection that has gone silent must not keep others with
   *  the same id waiting, so after 5 s in which nothing is sent on it, the server rolls it back. */
  beginBriefOperation: prepared(
    'begin brief operation',
    `${BEGIN_OPERATION}\nRETURNING set_config('idle_in_transaction_session_timeout', '5000', true)`,
  ),
  /** $1: the id, $2: the result. */
  keepResult: prepared('keep result', 'UPDATE core.operation SET result = $2 WHERE operation_id = $1'),
  /** $1: the id, $2: the fingerprint of the call that asks. An UPDATE and not a SELECT: where commits wait for a synchronous
   *  standby, this one does too, and it has all that was committed before; a SELECT could tell of a commit that is lost when
   *  the standby takes over. So the row of another call is written too, as it was. */
  recallOperation: prepared(
    'recall operation',
    `UPDATE core.operation
SET replayed_at = CASE WHEN fingerprint = $2 THEN clock_timestamp() ELSE replayed_at END
WHERE operation_id = $1
RETURNING
  query,
  fingerprint = $2 AS is_same,
  result`,
  ),
  /** The timeline is of eight hexadecimal digits, and of a primary only: a standby's WAL has no position of its own. */
  serverRole: own(
    'server role',
    `SELECT
  pg_is_in_recovery() AS is_standby,
  current_setting('transaction_read_only')::bool AS is_read_only,
  CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline`,
  ),
  /** Apart from the role: this right can be revoked. */
  systemId: own('system identifier', 'SELECT system_identifier::text AS id FROM pg_control_system()'),
  /** Which backend of which server it is. Behind a pooler the pid is not the one that the login gave. */
  backend: own('backend', `SELECT\n${BACKEND}`),
  /** What the server does for some of this role's backends; one row at least. $1: their pids, as an array's text. */
  activity: own(
    'activity',
    `SELECT
${BACKEND},
  activity.pid AS found_pid,
  activity.state,
  activity.wait_event = 'ClientRead' AS is_reading,
  (extract(epoch FROM clock_timestamp() - activity.state_change) * 1000)::float8 AS state_ms
FROM (VALUES (1)) AS one
LEFT JOIN pg_stat_activity AS activity
  ON activity.pid = ANY ($1::int[])
  AND activity.datname = current_database()
  AND activity.usename = session_user`,
  ),
  /** $1: the channel, $2: the payload. Sent at COMMIT. */
  notify: prepared('notify', 'SELECT pg_notify($1, $2)'),
  /** The channels that the session listens to, one a row. */
  listeningChannels: prepared('listening channels', 'SELECT pg_listening_channels() AS channel'),
  avoidSequentialScans: own('avoid sequential scans', 'SET LOCAL enable_seqscan = off'),
} as const satisfies Record<string, Statement>

/** The statements of a channel, whose name is taken as it is. */
export function listenSql(channel: string) {
  const name = `"${channel.replaceAll('"', '""')}"`
  return { listen: own('listen', `LISTEN ${name}`), unlisten: own('unlisten', `UNLISTEN ${name}`) } as const
}

/** `modes` begins with a space, or is empty. */
export function beginSql(modes: string): Statement {
  return prepared(`begin${modes.toLowerCase()}`, `BEGIN${modes}`)
}

/** Takes back what a borrower left in its session: what DISCARD ALL does, but prepared statements and plans are kept. */
export const resetSql: readonly Statement[] = [
  own('reset', 'CLOSE ALL'),
  own('reset', 'SET SESSION AUTHORIZATION DEFAULT'),
  own('reset', 'RESET ALL'),
  own('reset', 'UNLISTEN *'),
  own('reset', 'SELECT pg_advisory_unlock_all()'),
  own('reset', 'DISCARD TEMP'),
  own('reset', 'DISCARD SEQUENCES'),
]

/** The statements of a savepoint. Each depth has a name of its own: a name alone means the newest that has it. */
export function savepointSql(depth: number) {
  const name = `ashlar_${depth}`
  return {
    open: prepared(`savepoint ${depth}`, `SAVEPOINT ${name}`),
    release: prepared(`release savepoint ${depth}`, `RELEASE SAVEPOINT ${name}`),
    rollBack: prepared(`rollback to savepoint ${depth}`, `ROLLBACK TO SAVEPOINT ${name}`),
  } as const
}

/** Stands before a statement. Without ANALYZE nothing is executed, so a write can be explained too. */
export const EXPLAIN = 'EXPLAIN (FORMAT JSON)'
