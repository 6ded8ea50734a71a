/** What is left in the process and on the server when nothing is under way. */

const MIB = 1_048_576
/** What the heap may differ by between two rests, in MiB: compiled code, statistics by query name. */
const HEAP_SLACK_MIB = 4
/** Timers and sockets come and go by themselves: pings, keepalives, the pool between its sizes. */
const RESOURCE_SLACK = 5

/** Counts at rest. */
export interface Residue {
  readonly heapMib: number
  /** Of the server, for the application. */
  readonly sessions: number
  readonly timers: number
  /** Handles of the process other than timers: sockets, mostly. */
  readonly handles: number
  /** On the process, for all events. */
  readonly listeners: number
}

/** Measures, after the garbage has been collected. @throws {Error} without `--expose-gc` */
export async function measure(countSessions: () => Promise<number>): Promise<Residue> {
  const sessions = await countSessions()
  const { gc } = globalThis
  if (gc === undefined) throw new Error('needs --expose-gc')
  // What has a finalizer goes with the second one.
  await gc()
  await new Promise((resolve) => setImmediate(resolve))
  await gc()
  const resources = process.getActiveResourcesInfo()
  const timers = resources.filter((name) => ['Timeout', 'Immediate'].includes(name)).length
  return {
    heapMib: process.memoryUsage().heapUsed / MIB,
    sessions,
    timers,
    handles: resources.length - timers,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  }
}

export function residueLine(residue: Residue | undefined): string {
  if (residue === undefined) return ''
  const { heapMib, sessions, timers, handles, listeners } = residue
  return `at rest ${heapMib.toFixed(1)} MiB, ${sessions} sessions, ${timers} timers, ${handles} handles, ${listeners} listeners`
}

/** Tells what has grown: the last minutes against the first. */
export function verdictOf(residues: readonly Residue[], maxSessions: number): readonly string[] {
  // Of two rests the lower one: growth shows in both.
  const low = (some: readonly Residue[], key: keyof Residue): number => Math.min(...some.map((each) => each[key]))
  const [first, last] = [residues.slice(0, 2), residues.slice(-2)]
  const grown = (key: keyof Residue, slack: number): string[] => {
    const [from, to] = [low(first, key), low(last, key)]
    return to > from + slack ? [`${key} grew from ${from.toFixed(1)} to ${to.toFixed(1)}`] : []
  }
  return [
    ...grown('heapMib', HEAP_SLACK_MIB),
    ...grown('timers', RESOURCE_SLACK),
    ...grown('handles', maxSessions + RESOURCE_SLACK),
    ...grown('listeners', 0),
    ...residues.filter(({ sessions }) => sessions > maxSessions).map(({ sessions }) => `${sessions} sessions`),
  ]
}
