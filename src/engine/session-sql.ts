/** The engine's own SQL, all of it. */

import { rawStatement, type Statement } from './statement.js'

function own(name: string, text: string): Statement {
  return { ...rawStatement(text), query: name }
}

/** What is sent again and again is prepared under a name. */
function prepared(name: string, text: string): Statement {
  return { ...own(name, text), preparedName: `ashlar ${name}`, mayDirty: false }
}

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
  serverState: {
    ...own(
      'server state',
      `SELECT
  current_setting('server_version') AS server_version,
  pg_is_in_recovery() AS is_in_recovery`,
    ),
    isRead: true,
  },
  avoidSequentialScans: own('avoid sequential scans', 'SET LOCAL enable_seqscan = off'),
} as const satisfies Record<string, Statement>

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
