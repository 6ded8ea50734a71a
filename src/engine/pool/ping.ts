/** A sign of life: a Sync, which the server answers without running anything. */

import { Exchange } from '../wire/exchange.js'
import type { MessageWriter } from '../wire/message-writer.js'
import type { Wire } from '../wire/wire.js'

class Ping extends Exchange {
  readonly #onSettled: (isAlive: boolean) => void

  constructor(onSettled: (isAlive: boolean) => void) {
    super()
    this.#onSettled = onSettled
  }

  override write(out: MessageWriter): void {
    out.sync()
  }

  override onReady(): void {
    this.#onSettled(true)
  }

  override onLost(): void {
    this.#onSettled(false)
  }
}

/** A sign of life takes a round trip, and longer only where the network has lost something: 1 s allows for two losses (it is
 *  sent again after 200 ms, and 400 ms later). A mistake costs no more than a new connection. In ms. */
export const PING_MS = 1_000
/** When it did not come within that, nobody counts on it any more. In ms: a round trip to anywhere. */
export const DOUBT_MS = 250

/** Tells whether the server answers within a limit, behind what is in flight. */
export function answers(wire: Wire, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    // Behind the reading of sockets: after a pause of this process the answer is waiting there.
    const timer = setTimeout(() => setImmediate(resolve, false), limitMs)
    wire.send(
      new Ping((isAlive) => {
        clearTimeout(timer)
        resolve(isAlive)
      }),
    )
  })
}
