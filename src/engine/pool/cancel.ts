/** Cancel requests: a connection of their own that names another one's statement (PostgreSQL manual, section 54.2.10). */

import { Connection } from 'pg'
import { tlsOptions } from '../tls.js'
import { answers } from './ping.js'
import type { PooledConnection } from './pooled-connection.js'

/** What of pg's connection is used here beside what @types/pg knows. */
interface CancelConnection {
  readonly stream: { destroy(): void }
  connect(port: number | string, host?: string): void
  cancel(processId: number, secretKey: number): void
  requestSsl(): void
  once(event: string, listener: () => void): void
  on(event: string, listener: () => void): void
}

/** How long a cancelled statement may take to end before it is cancelled once more, in ms: a request that arrives before its
 *  statement has begun is passed over. */
const AGAIN_MS = 50

/** Has the server cancel what runs on a connection. Resolves when no request can hit anything that is sent later: their
 *  connections are closed, and the cancelled one has answered once more. Cuts the connection when that takes longer than
 *  `limitMs`. Never rejects. A request takes none of the server's connections: it is served before the login. */
export async function cancelOn(connection: PooledConnection, limitMs: number): Promise<void> {
  const endsAt = performance.now() + limitMs
  for (let leftMs = limitMs; leftMs > 0; leftMs = endsAt - performance.now()) {
    const wasDelivered = await request(connection, leftMs)
    if (wasDelivered && (await answers(connection.wire, Math.max(AGAIN_MS, leftMs / 10)))) return
    if (connection.wire.isLost) return
    if (!wasDelivered) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
  }
  connection.wire.destroy()
}

function request({ client, server }: PooledConnection, limitMs: number): Promise<boolean> {
  const { processID, secretKey } = client as unknown as { readonly processID: number; readonly secretKey: number }
  const ssl = tlsOptions(server)
  const courier = new Connection({ ssl: ssl ?? false }) as unknown as CancelConnection
  return new Promise((resolve) => {
    const settle = (wasDelivered: boolean): void => {
      clearTimeout(timer)
      courier.stream.destroy()
      resolve(wasDelivered)
    }
    const timer = setTimeout(() => settle(false), limitMs)
    const send = (): void => courier.cancel(processID, secretKey)
    courier.on('error', () => settle(false))
    courier.once('connect', () => (ssl === null ? send() : courier.requestSsl()))
    courier.once('sslconnect', send)
    // The server says nothing, and closes when the signal is on its way.
    courier.once('end', () => settle(true))
    if (server.host.startsWith('/')) courier.connect(`${server.host}/.s.PGSQL.${server.port}`)
    else courier.connect(server.port, server.host)
  })
}
