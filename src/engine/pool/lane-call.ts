/** One read that goes over the lanes: settled once, by whichever of its attempts answers first. */

import type { RawResult } from '../session.js'
import type { Statement } from '../statement.js'
import type { WireValue } from '../wire/message-writer.js'
import { NO_PREFIX, type Prefix } from '../wire/prefix.js'
import { type OnSettled, StatementExchange } from '../wire/statement-exchange.js'
import type { Wire } from '../wire/wire.js'

/** For so long a statement that has held up a lane is taken for one that may again. In ms. */
const UNEVEN_FOR_MS = 10_000

export class LaneCall {
  readonly #statement: Statement
  readonly #values: readonly WireValue[]
  readonly #resolve: (result: RawResult) => void
  readonly #reject: (error: unknown) => void
  readonly #prefix: readonly Prefix[]
  #attempts = 0
  #isSettled = false
  /** Whether it was sent a second time, because a slow one stood before it. */
  isMoved = false
  /** The lane on which it stands behind a slow one. */
  trappedOn: { readonly isStuck: boolean } | null = null
  /** `performance.now()` when it was made; set only while it waits for a place. */
  waitsSince = 0

  constructor(
    statement: Statement,
    values: readonly WireValue[],
    resolve: (result: RawResult) => void,
    reject: (error: unknown) => void,
    prefix: readonly Prefix[] = NO_PREFIX,
  ) {
    this.#statement = statement
    this.#values = values
    this.#resolve = resolve
    this.#reject = reject
    this.#prefix = prefix
  }

  /** Whether runs of its statement take long now and then, which only its values tell: few are sent behind each other. */
  isUneven(now: number): boolean {
    return this.#statement.pace.unevenUntil > now
  }

  /** It has held up a lane: so may other runs of its statement in the time that comes. */
  noteUneven(now: number): void {
    this.#statement.pace.unevenUntil = now + UNEVEN_FOR_MS
  }

  get query(): string {
    return this.#statement.query
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  /** Sends it on a wire; `onAnswered` is called when that wire is done with it. */
  sendOn(wire: Wire, onAnswered: () => void): void {
    this.#attempts += 1
    const onSettled: OnSettled = (error, result) => {
      this.#attempts -= 1
      if (result !== null) this.#settleBy(result)
      else if (this.#attempts === 0) this.fail(error)
      onAnswered()
    }
    wire.send(new StatementExchange(this.#statement, this.#values, onSettled, this.#prefix))
  }

  /** Settles it from outside; what its attempts still bring is dropped. */
  fail(error: unknown): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#reject(error)
  }

  #settleBy(result: RawResult): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#resolve(result)
  }
}
