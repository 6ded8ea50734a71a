/** Asks the server, over a connection of its own, whether it works on what other connections wait for. */

import { DatabaseError } from 'pg'
import type { ServerConfig, ServerTarget } from '../../config.js'
import { gatherRaw } from '../binding.js'
import { clientConfig, closeClient, hangUp, LimitedClient } from '../client.js'
import { sendOn } from '../connection.js'
import { sessionSql } from '../session-sql.js'
import type { PooledConnection } from './pooled-connection.js'

/** One process of one server. */
export interface Backend {
  readonly pid: number
  /** When the server was started, to the microsecond: no two have it in common. */
  readonly startedAt: string
  /** The server's own address. */
  readonly address: string
  /** Whether nothing in between hides it: behind a pooler the next statement may have another one. */
  readonly isOwn: boolean
}

/** `dead`: the server does not work on it; `works`: it does; `unclear`: this server cannot tell. */
export type Verdict = 'dead' | 'works' | 'unclear'

/** What the server says of a backend. */
interface Activity {
  readonly state: string | null
  /** Whether it waits for the client to send more. */
  readonly isReading: boolean | null
  readonly stateMs: number | null
}

/** A backend that has been idle for so long has not seen what was sent to it, or its answer was lost. In ms. */
const IDLE_FOR_MS = 1_000

/** With these of a new connection, the network or the host is gone, and not only this server's will to take one more. */
const UNREACHABLE = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ETIMEDOUT'])

const context = { query: 'activity', isOutcomeAtStake: false } as const

/** Has a new connection tell which backend it has; nobody waits for the answer. */
export function introduce(connection: PooledConnection): void {
  const { client, wire } = connection
  connection.isIntroduced = false
  sendOn(wire, sessionSql.backend, [], context).then(
    ({ rows: [row] }) => {
      connection.backend = row === undefined ? null : backendOf(row, client)
      connection.isIntroduced = true
    },
    () => {
      connection.isIntroduced = true
    },
  )
}

function backendOf(row: Record<string, unknown>, client: LimitedClient): Backend {
  const { processID } = client as unknown as { readonly processID: number | null }
  const { pid, startedAt, address } = row as unknown as Omit<Backend, 'isOwn'>
  return { pid, startedAt, address, isOwn: pid === processID }
}

/** Gives the verdict on each suspect of one server. Takes no longer than `connectTimeoutMs` to connect and the same for the answer. Never
 *  rejects. `onClient` gets what {@link hangUp} ends it by. */
export async function inquire(
  config: ServerConfig,
  server: ServerTarget,
  suspects: readonly PooledConnection[],
  onClient: (client: LimitedClient) => void,
): Promise<ReadonlyMap<PooledConnection, Verdict>> {
  const { connectTimeoutMs } = config.pool
  const isPooled = !config.preparedStatements
  const client = new LimitedClient(clientConfig({ ...config, server }), { connectTimeoutMs, maxPrepared: 0, isPooled })
  onClient(client)
  const ofAll = (verdict: Verdict) => new Map(suspects.map((each) => [each, verdict]))
  try {
    await client.connect()
  } catch (error) {
    return ofAll(isUnreachable(error) ? 'dead' : 'unclear')
  }
  const timer = setTimeout(() => hangUp(client), connectTimeoutMs)
  try {
    const pids = suspects.flatMap(({ backend }) => (backend === null ? [] : [backend.pid]))
    const { rows } = await sendOn(client.wire, sessionSql.activity, gatherRaw([`{${pids.join()}}`]), context)
    const asked = backendOf(rows[0] ?? {}, client)
    const found = new Map(rows.map((row) => [row.foundPid, row as unknown as Activity]))
    return new Map(suspects.map((each) => [each, verdictOn(each, asked, found)]))
  } catch {
    return ofAll('unclear')
  } finally {
    clearTimeout(timer)
    void closeClient(client)
  }
}

function verdictOn(
  { backend, isIntroduced }: PooledConnection,
  asked: Backend,
  found: ReadonlyMap<unknown, Activity>,
): Verdict {
  if (!asked.isOwn) return 'unclear'
  // No pooler lets it wait, and the first thing that it was asked takes no time.
  if (!isIntroduced) return 'dead'
  if (backend === null || !backend.isOwn) return 'unclear'
  if (backend.startedAt !== asked.startedAt) {
    // Restarted since, or another one behind the same name, which knows nothing of this one's backends.
    return backend.address === asked.address && backend.address !== NO_ADDRESS ? 'dead' : 'unclear'
  }
  const activity = found.get(backend.pid)
  if (activity === undefined) return 'dead'
  const { state, isReading, stateMs } = activity
  // `track_activities` is off.
  if (state === null || state === 'disabled') return 'unclear'
  const isWaiting = state.startsWith('idle') || isReading === true
  return isWaiting && (stateMs ?? 0) > IDLE_FOR_MS ? 'dead' : 'works'
}

/** Of a Unix socket. */
const NO_ADDRESS = ':'

/** Tells whether a connection could not be made because nothing answers. A server that says why it takes none is there. */
function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof DatabaseError) return false
  const { code, message } = error as Error & { readonly code?: string }
  return message === CONNECT_TIMEOUT || UNREACHABLE.has(code ?? '')
}

/** What pg says when the limit of connecting has passed. */
const CONNECT_TIMEOUT = 'timeout expired'
