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

/** Tells whether the server answers within a limit, behind what is in flight. */
export function answers(wire: Wire, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), limitMs)
    wire.send(
      new Ping((isAlive) => {
        clearTimeout(timer)
        resolve(isAlive)
      }),
    )
  })
}
