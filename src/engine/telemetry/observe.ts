/** Has a pool observed as its program asked for: spans, metrics and a log. */

import { Log } from '../monitor/log.js'
import type { Logger } from '../monitor/logger.js'
import type { Pool } from '../pool/pool.js'
import { Lookout } from './lookout.js'
import type { TelemetryOptions } from './telemetry-options.js'

/** Who is told; see `ConnectOptions`. */
interface Observers {
  readonly telemetry?: TelemetryOptions | 'none'
  readonly logger?: Logger
}

/** Begins to observe; resolves when an SDK that is registered already is in use. Gives what ends it. */
export async function observe(pool: Pool, { telemetry = {}, logger }: Observers = {}): Promise<() => void> {
  const { monitor, config } = pool
  const log = logger === undefined ? null : new Log(logger, config.logLevel)
  const endListening = log === null ? null : monitor.events.listen(log.tell)
  const lookout = telemetry === 'none' ? null : new Lookout(pool, telemetry)
  monitor.observer = lookout
  await lookout?.start()
  return () => {
    monitor.observer = null
    lookout?.end()
    endListening?.()
    log?.close()
  }
}
