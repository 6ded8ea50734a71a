/** Reports connections that are borrowed for too long, with the place where they were borrowed. */

import { fileURLToPath } from 'node:url'
import type { PoolConfig } from '../../pool-options.js'
import type { Monitor } from '../monitor/monitor.js'
import type { Leak } from '../pool-hooks.js'
import type { PooledConnection } from './pooled-connection.js'

const NOTHING = (): void => {}

/** Between a call and here lie more frames than the ten that V8 keeps by itself. */
const STACK_FRAMES = 50

/** Where the program's own files of ashlar are: `src/`, or `dist/` once it is built. */
const OWN_FOLDER = import.meta.url.replace(/(\/(?:src|dist)\/)(?!.*\/(?:src|dist)\/).*$/, '$1')
/** As frames have it: of modules by URL, with source maps by path. */
const OWN_PLACES = [OWN_FOLDER, fileURLToPath(OWN_FOLDER)]

/** Notes where a connection is borrowed. */
export function borrowerOf(): Error {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = Math.max(STACK_FRAMES, stackTraceLimit)
  try {
    return new Error('borrowed')
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** Gives the stack without ashlar's own frames, so that the borrower's lead; with them where there are no others. */
export function stackOf(borrower: Error): string {
  const lines = (borrower.stack ?? '').split('\n')
  const others = lines.filter((line) => !OWN_PLACES.some((place) => line.includes(place)))
  return (others.some((line) => line.trimStart().startsWith('at ')) ? others : lines).join('\n')
}

/** Starts to watch a borrowed connection; gives what ends it. Costs nothing when no threshold is set. */
export function watchForLeak(
  connection: PooledConnection,
  { leakThresholdMs, onLeak }: Pick<PoolConfig, 'leakThresholdMs' | 'onLeak'>,
  monitor: Pick<Monitor, 'tell'>,
): () => void {
  const { borrowedBy } = connection
  if (leakThresholdMs === null || borrowedBy === null) return NOTHING
  const timer = setTimeout(() => {
    const { borrower: query, borrowedAt } = connection
    const heldMs = Math.round(performance.now() - borrowedAt)
    monitor.tell({ type: 'leak', query, heldMs })
    ;(onLeak ?? warn)({ query, heldMs, stack: stackOf(borrowedBy) })
  }, leakThresholdMs)
  timer.unref()
  return () => clearTimeout(timer)
}

function warn({ query, heldMs, stack }: Leak): void {
  process.emitWarning(`a connection has been borrowed for ${heldMs} ms; last query: ${query ?? 'none'}\n${stack}`, {
    type: 'ConnectionLeakWarning',
    code: 'ASHLAR_CONNECTION_LEAK',
  })
}
