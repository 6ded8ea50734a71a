/** The engine's own SQL, all of it. */

import { rawStatement, type Statement } from './statement.js'

function own(name: string, text: string): Statement {
  return { ...rawStatement(text), query: name }
}

export const sessionSql = {
  begin: own('begin', 'BEGIN'),
  commit: own('commit', 'COMMIT'),
  rollback: own('rollback', 'ROLLBACK'),
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

/** The statements of a savepoint. Each depth has a name of its own: a name alone means the newest that has it. */
export function savepointSql(depth: number) {
  const name = `ashlar_${depth}`
  return {
    open: own('savepoint', `SAVEPOINT ${name}`),
    release: own('release savepoint', `RELEASE SAVEPOINT ${name}`),
    rollBack: own('rollback to savepoint', `ROLLBACK TO SAVEPOINT ${name}`),
  } as const
}

/** Stands before a statement. Without ANALYZE nothing is executed, so a write can be explained too. */
export const EXPLAIN = 'EXPLAIN (FORMAT JSON)'
