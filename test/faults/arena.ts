/** Where a fault strikes: a server with its database, callers that work on it, and the books that are closed at the end. */

import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { ConnectOptions } from '../../src/config.js'
import { connect, type Database } from '../../src/database.js'
import { type FaultProxy, startFaultProxy } from '../fixtures/fault-proxy.js'
import type { KillableServer } from '../fixtures/killable-server.js'
import { withClient } from '../fixtures/standby-pair.js'
import type { CanaryWatch } from './canary.js'
import type { FaultContext, FaultResult } from './fault.js'
import { Ledger, type Operation, type StoredRow } from './ledger.js'
import { Load } from './load.js'
import { ALL_ROWS } from './operations.js'
import { prepare, runSql, startPreparedServer } from './prepared-server.js'
import { watched } from './watched.js'

/** The name under which the server knows the callers' sessions. */
export const APPLICATION = 'fault test'
/** How long after the last operation was issued all must have settled. */
const SETTLE_MS = 30_000
const RESOLVE_ATTEMPTS = 30
const HEALTH_EVERY_MS = 200
const HEALTH_DEADLINE_MS = 1_000
const POOL = { min: 2, max: 20, acquireTimeoutMs: 5_000 } as const
/** The short form waits less for what is silent; the long one has the defaults. */
const SHORT_LIMITS = { watchdogMs: 1_000 } as const
const LONG_FORM = 1_000

/** What differs from fault to fault. */
export interface ArenaOptions {
  readonly name: string
  /** Default 16. */
  readonly callers?: number
  readonly settings?: Readonly<Record<string, string | number>>
  /** Default: one of its own. */
  readonly server?: KillableServer
  /** Whether callers go through a proxy. */
  readonly proxy?: boolean
  readonly connect?: Omit<ConnectOptions, 'pool'>
  readonly pool?: Exclude<ConnectOptions['pool'], 'none'>
  /** More tables. */
  readonly sql?: readonly string[]
  /** What a caller does instead of a plain write. */
  readonly execute?: (db: Database, operation: Operation, hasId: boolean) => Promise<void>
  /** Longest recovery that is kept as promised, in ms; null: not measured. */
  readonly recoveryLimitMs?: number
  /** Whether acknowledged writes may be lost, which is counted then and breaks nothing. */
  readonly mayLose?: boolean
  /** Whether no caller may be told of a failure. */
  readonly mustNotFail?: boolean
}

export interface Arena {
  readonly db: Database
  readonly load: Load
  readonly ledger: Ledger
  readonly server: KillableServer
  /** @throws {Error} when the fault has none */
  readonly proxy: FaultProxy
  readonly broken: string[]
  readonly notes: string[]
  /** Runs SQL on the server, not through the engine; `$1` is the name of the callers' application where it is used. */
  sql(text: string): Promise<Record<string, unknown>[]>
  /** The fault is over: waits for the next success, and keeps the longest wait. */
  recovered(): Promise<void>
  /** From now on the books are compared with this server. */
  movedTo(server: KillableServer): void
}

/** Sets all up, has `strike` do its worst under load, and gives the accounts. */
export async function runInArena(
  context: FaultContext,
  options: ArenaOptions,
  strike: (arena: Arena) => Promise<void>,
): Promise<FaultResult> {
  const { hasIds, canary, operations } = context
  const server = options.server ?? (await startPreparedServer(options.settings))
  let final = server
  let proxy: FaultProxy | null = null
  let db: Database | null = null
  const broken: string[] = []
  const notes: string[] = []
  const waits: number[] = []
  const observed = watched(canary)
  try {
    if (options.server !== undefined) await prepare(server)
    await runSql(server, options.sql ?? [])
    if (options.proxy) proxy = await startFaultProxy({ port: server.port, holeMs: 500 })
    const { host, user, password, database } = server
    const access = { host, port: proxy?.port ?? server.port, user, password, database }
    db = await connect({
      ...(options.connect?.url === undefined ? access : {}),
      applicationName: APPLICATION,
      ...observed.options,
      ...options.connect,
      pool: { ...POOL, ...(operations < LONG_FORM ? SHORT_LIMITS : {}), ...options.pool },
    })
    const opened = db
    db.onEvent((event) => canary.search('event', event))
    const ledger = new Ledger()
    const { execute } = options
    const load = new Load(db, ledger, {
      operations,
      callers: options.callers ?? 16,
      hasIds,
      readsBack: execute === undefined && options.mayLose !== true,
      canary,
      ...(execute === undefined ? {} : { execute: (operation: Operation) => execute(opened, operation, hasIds) }),
    })
    load.start()
    const endSampling = sampleHealth(db, canary, broken)
    await strike({
      db,
      load,
      ledger,
      server,
      get proxy() {
        if (proxy === null) throw new Error(`${options.name} has no proxy`)
        return proxy
      },
      broken,
      notes,
      sql: (text) => withClient(final, async (client) => (await client.query(text, valuesOf(text))).rows),
      async recovered() {
        waits.push(Math.max(0, await load.nextSuccess()))
      },
      movedTo(server) {
        final = server
      },
    })
    const unsettled = await load.finish(SETTLE_MS)
    await endSampling()
    const unknownResolved = hasIds ? await load.resolveUnknown(RESOLVE_ATTEMPTS) : 0
    await checkRest(db, final, options.pool?.max ?? POOL.max, broken)
    canary.search('health', await db.health())
    canary.search('stats', db.stats())
    canary.search('handle', db)
    await observed.end()
    const rows = await withClient(final, async (client) => (await client.query<StoredRow>(ALL_ROWS)).rows)
    const row = {
      fault: options.name,
      operations: ledger.issued,
      acked: ledger.count('acked'),
      failed: ledger.count('failed'),
      unknownResolved,
      unknownLeft: ledger.count('unknown'),
      ...ledger.compare(rows),
      unsettled,
      recoveryMs: waits.length === 0 ? null : Math.round(Math.max(...waits)),
    }
    const errors = Object.entries(load.errors)
    notes.push(`events: ${shown(db.stats().events)}`)
    notes.push(...errors.map(([name, { count, example }]) => `${count} ${name}: ${example}`))
    if (options.mustNotFail && errors.length > 0) broken.push('an error reached a caller')
    broken.push(...new Set(load.broken), ...promisesBroken(row, options, hasIds))
    return { row, broken, notes }
  } finally {
    await Promise.race([db?.close(), sleep(5_000, null, { ref: false })])
    await proxy?.close()
    if (options.server === undefined) await server.close()
  }
}

function promisesBroken(row: FaultResult['row'], options: ArenaOptions, hasIds: boolean): string[] {
  const { mayLose = false, recoveryLimitMs = Infinity } = options
  const zero = {
    ...(mayLose ? {} : { lost: row.lost }),
    ghost: row.ghost,
    phantom: row.phantom,
    duplicate: row.duplicate,
    ...(hasIds ? { unknownLeft: row.unknownLeft } : {}),
    unsettled: row.unsettled,
  }
  const wrong = Object.entries(zero).filter(([, count]) => count !== 0)
  const all = wrong.map(([name, count]) => `${name} is ${count}`)
  if ((row.recoveryMs ?? 0) > recoveryLimitMs) all.push(`recovery took ${row.recoveryMs} ms`)
  if (row.acked === 0) all.push('nothing was acknowledged')
  return all
}

/** The pool must come to rest, and the server must have no more sessions than it may. */
async function checkRest(db: Database, server: KillableServer, max: number, broken: string[]): Promise<void> {
  const isAtRest = (): boolean => {
    const { borrowed, waiting, inFlight } = db.stats().pool
    return borrowed === 0 && waiting === 0 && inFlight === 0
  }
  for (let attempt = 0; attempt < 500 && !isAtRest(); attempt += 1) await sleep(10)
  if (!isAtRest()) broken.push(`the pool did not come to rest: ${inspect(db.stats().pool, { breakLength: Infinity })}`)
  const count = async (): Promise<number> => {
    const text = 'SELECT count(*)::int AS sessions FROM pg_stat_activity WHERE application_name = $1'
    return withClient(server, async (client) => (await client.query(text, [APPLICATION])).rows[0].sessions)
  }
  let sessions = await count()
  // The server takes a moment to see that a client has gone.
  for (let attempt = 0; attempt < 20 && sessions > max; attempt += 1) {
    await sleep(100)
    sessions = await count()
  }
  if (sessions > max) broken.push(`the server has ${sessions} sessions, the pool's maximum is ${max}`)
}

/** Asks for the health all along: it must answer in time whatever happens. Gives what ends that. */
function sampleHealth(db: Database, canary: CanaryWatch, broken: string[]): () => Promise<void> {
  const ended = new AbortController()
  const sample = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const from = performance.now()
      canary.search('health', await db.health({ deadlineMs: HEALTH_DEADLINE_MS }))
      const tookMs = performance.now() - from
      if (tookMs > 2 * HEALTH_DEADLINE_MS) broken.push(`health took ${Math.round(tookMs)} ms`)
      await sleep(HEALTH_EVERY_MS, null, { signal: ended.signal }).catch(() => {})
    }
  }
  const sampling = sample().catch((error) => broken.push(`health failed: ${String(error)}`))
  return async () => {
    ended.abort()
    await sampling
  }
}

function valuesOf(text: string): string[] {
  return text.includes('$1') ? [APPLICATION] : []
}

function shown(counts: Readonly<Record<string, number>>): string {
  const all = Object.entries(counts).map(([name, count]) => `${count} ${name}`)
  return all.length === 0 ? 'none' : all.join(', ')
}
