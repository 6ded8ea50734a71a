import type { HealthLimits } from './options.js'
import type { Finding } from './report.js'
import { whole } from './rounded.js'
import type { ServerReport } from './server-report.js'

/** Fails when a transaction is open for too long, of whatever session, or was prepared and is neither committed nor
 *  rolled back: it keeps its locks, and dead rows from being cleaned up. */
export function probeTransactions(report: ServerReport, { longTransactionMs }: HealthLimits): Finding {
  const { longTransactions: long, longIdle, longPrepared, oldestPreparedMs } = report
  const oldestMs = whole(report.oldestMs)
  const reasons = [
    long > 0
      ? `${long} open for longer than ${longTransactionMs} ms, the oldest for ${oldestMs} ms (${who(report)})`
      : '',
    longIdle > 0 ? `${longIdle} of those idle in transaction` : '',
    longPrepared > 0
      ? `${longPrepared} prepared and open for longer than ${longTransactionMs} ms, the oldest for ${whole(oldestPreparedMs)} ms`
      : '',
  ].filter((reason) => reason !== '')
  return {
    reason: reasons.length === 0 ? null : reasons.join(', '),
    details: {
      long,
      longIdle,
      oldestMs,
      oldestPid: report.oldestPid,
      oldestState: report.oldestState,
      oldestApplication: report.oldestApplication,
      oldestQuery: report.oldestQuery,
      longPrepared,
      oldestPreparedMs: whole(oldestPreparedMs),
      longTransactionMs,
      view: report.hasFullView ? 'full' : 'limited',
    },
  }
}

function who({ oldestPid, oldestState, oldestApplication, oldestQuery }: ServerReport): string {
  const parts = [
    `pid ${oldestPid}`,
    oldestApplication === null || oldestApplication === '' ? null : `of ${oldestApplication}`,
    oldestState,
    oldestQuery === null ? null : `last query ${oldestQuery}`,
  ]
  return parts.filter((part) => part !== null).join(', ')
}
