/** Connections that serve one borrower each: no pool, and still never more than `max` at a time. */

import type { Client } from 'pg'
import { AcquireTimeoutError, type PoolSizes } from '../errors.js'
import { closeClient } from './client.js'

/** Where the clients of a pool come from. */
export interface ClientSource {
  connect(): Promise<Client>
  /** Takes a client back; resolves when the next borrower may come. */
  release(client: Client, isBroken: boolean): Promise<void>
  sizes(): PoolSizes
  /** Closes all clients, those that are out when they come back. */
  end(): Promise<void>
}

interface UnpooledOptions {
  readonly max: number
  readonly acquireTimeoutMs: number
  /** Makes a client that is not connected yet, and gives up connecting by itself. */
  readonly newClient: () => Client
  /** Called after each client that connected. */
  readonly opened: () => void
}

/** Makes a source whose clients are new each time, and closed when they come back: before `release` resolves, so that
 *  nothing is left open when the caller goes on, and `max` holds on the server too. */
export function createUnpooled({ max, acquireTimeoutMs, newClient, opened }: UnpooledOptions): ClientSource {
  let open = 0
  const waiting = new Set<() => void>()
  let onLastClosed = (): void => {}

  const sizes = (): PoolSizes => ({ max, open, idle: 0, borrowed: open, waiting: waiting.size })

  async function takeTurn(): Promise<void> {
    if (open < max) {
      open += 1
      return
    }
    const isInTime = await new Promise<boolean>((resolve) => {
      const settle = (inTime: boolean): void => {
        waiting.delete(takeOver)
        clearTimeout(timer)
        resolve(inTime)
      }
      const takeOver = (): void => settle(true)
      const timer = setTimeout(() => settle(false), acquireTimeoutMs)
      waiting.add(takeOver)
    })
    // Made here and not in the timer, so that its stack leads back to the caller.
    if (!isInTime) throw new AcquireTimeoutError(acquireTimeoutMs, sizes())
  }

  /** Hands the turn on, so that nobody who comes now gets in before those who wait. */
  function endTurn(): void {
    const [next] = waiting
    if (next !== undefined) {
      next()
      return
    }
    open -= 1
    if (open === 0) onLastClosed()
  }

  return {
    sizes,
    async connect() {
      await takeTurn()
      try {
        const client = await newClient().connect()
        opened()
        return client
      } catch (error) {
        endTurn()
        throw error
      }
    },
    async release(client) {
      await closeClient(client)
      endTurn()
    },
    async end() {
      if (open === 0) return
      await new Promise<void>((resolve) => {
        onLastClosed = resolve
      })
    },
  }
}
