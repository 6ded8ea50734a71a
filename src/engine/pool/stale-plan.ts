/** Repairs what a change of a table leaves behind: statements that were prepared before it. */

import type { CopyLoad } from '../copy/load.js'
import type { Observed } from '../monitor/monitor.js'
import type { Signal } from '../retry/signal.js'
import type { Statement } from '../statement.js'
import type { Pool } from './pool.js'

/** Gives what is to be sent at the next attempt. Behind a stale plan it is the statement without its name, which no
 *  connection can know an old plan for; all connections prepare it anew when they run it next. */
export function repaired<S extends Statement | CopyLoad>(
  pool: Pool,
  what: S,
  met: Signal,
  observed: Observed | null,
): S {
  if (met !== 'stale-plan' || !('preparedName' in what) || what.preparedName === null) return what
  pool.forgetPrepared(what.preparedName)
  pool.monitor.tell({ type: 'plan-repaired', query: what.query }, observed)
  return { ...what, preparedName: null }
}
