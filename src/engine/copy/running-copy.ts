/** Runs a load on one connection: rows are encoded and sent as fast as the network takes them. */

import { setImmediate } from 'node:timers/promises'
import { type FailureContext, mapError } from '../map-error.js'
import type { Column } from '../row-shape.js'
import type { RawResult } from '../session.js'
import { CopyExchange, OwnFailure } from '../wire/copy-exchange.js'
import type { Prefix } from '../wire/prefix.js'
import type { Wire } from '../wire/wire.js'
import type { CopyLoad } from './load.js'
import { RowEncoder } from './row-encoder.js'

/** A load under way. */
export interface RunningCopy {
  /** Rejects with an {@link OwnFailure} when the load failed on this side, and with what {@link mapError} makes of it
   *  otherwise; in both cases the connection is ready for the next statement, or lost. */
  readonly result: Promise<RawResult>
  readonly context: FailureContext
  /** Ends it early; nothing is kept, unless the server has all rows already. */
  giveUp(): void
  /** The same, for a reason that `result` rejects with. */
  fail(reason: unknown): void
}

/** What a load runs in. */
interface Surroundings {
  readonly isInTransaction: boolean
  /** Goes before it, in the same exchange. */
  readonly prefix: readonly Prefix[]
  readonly actorId: string | undefined
}

/** Starts a load. */
export function startCopy(wire: Wire, load: CopyLoad, { isInTransaction, prefix, actorId }: Surroundings): RunningCopy {
  let exchange: CopyExchange | null = null
  const context: FailureContext = {
    query: load.query,
    isInTransaction,
    load,
    actorId,
    get isOutcomeAtStake() {
      return !isInTransaction && exchange?.isDone === true
    },
  }
  const settled = new Promise<RawResult>((resolve, reject) => {
    exchange = new CopyExchange(wire, {
      describeText: load.describeText,
      copyText: load.copyText,
      prefix,
      onStart: (columns) => void feed(exchange as CopyExchange, wire, load, columns),
      onSettled: (error, result) => (result === null ? reject(error) : resolve(result)),
    })
    wire.send(exchange)
  })
  return {
    result: finished(settled, context),
    context,
    giveUp: () => exchange?.giveUp(),
    fail: (reason) => exchange?.fail(reason),
  }
}

async function finished(settled: Promise<RawResult>, context: FailureContext): Promise<RawResult> {
  try {
    return await settled
  } catch (error) {
    throw error instanceof OwnFailure ? error : mapError(error, context)
  }
}

/** Sends the rows. Whatever fails here ends the load. */
async function feed(
  exchange: CopyExchange,
  wire: Wire,
  { query, columns, source, onProgress }: CopyLoad,
  types: readonly Column[],
): Promise<void> {
  const encoder = new RowEncoder(query, columns, types)
  const send = async (): Promise<void> => {
    const hasRoom = exchange.send(encoder.take())
    // Asked for before anything is waited for: the network may take more in between, and says so once.
    const drained = hasRoom ? null : wire.drained()
    await onProgress?.({ rows: encoder.rows, bytes: encoder.bytes })
    await drained
  }
  try {
    while (exchange.isOpen) {
      const { done, value } = source.isAsync ? await source.pull() : source.next()
      if (done === true || !exchange.isOpen) break
      if (!encoder.add(value)) continue
      await send()
      // What the network takes at once leaves no time for anybody else, nor for an error of the server's to arrive.
      await setImmediate()
    }
    if (!exchange.isOpen) return
    if (!encoder.isEmpty) await send()
    exchange.finish()
  } catch (error) {
    exchange.fail(error)
  }
}
