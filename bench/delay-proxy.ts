/** A network that takes its time: a proxy that delays each direction, keeps the order, and limits no bandwidth. */

import { once } from 'node:events'
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net'
import type { Target } from './contenders/contender.js'

/** A listening proxy. */
export interface DelayProxy {
  /** The server, as seen through the proxy. */
  readonly target: Target
  close(): Promise<void>
}

/** Listens on a free port of the loopback interface; what comes is passed on `delayMs` later. */
export async function startDelayProxy(target: Target, delayMs: number): Promise<DelayProxy> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connectSocket({ port: target.port, host: target.host, allowHalfOpen: true })
    for (const socket of [near, far]) {
      sockets.add(socket.setNoDelay(true))
      socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
    }
    passOn(near, far, delayMs)
    passOn(far, near, delayMs)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    target: { ...target, host: '127.0.0.1', port },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Timers of one length fire in the order in which they were set. */
function passOn(from: Socket, to: Socket, delayMs: number): void {
  const later = (action: () => void): void => {
    setTimeout(() => {
      if (!to.destroyed) action()
    }, delayMs)
  }
  from.on('data', (chunk) => later(() => to.write(chunk)))
  from.on('end', () => later(() => to.end()))
  from.on('close', () => later(() => to.destroy()))
}
