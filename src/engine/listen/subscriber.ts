/** One listener: what waits for its handlers, and the calls of these, one after the other. */

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { Channel } from './channel.js'
import { Inbox, type Message } from './inbox.js'
import type { Gap, ListenFailure, ListenHandlers } from './listener.js'

/** So many messages are given before the event loop has its turn: the socket must be read, whatever the handlers do. */
const MESSAGES_A_TURN = 100

interface SubscriberOptions {
  readonly channel: Channel<unknown>
  readonly handlers: ListenHandlers<unknown>
  readonly maxQueued: number
  /** Gives the pause after so many failures in a row, in ms. */
  readonly backOffMs: (failures: number) => number
  /** Told when messages were dropped. */
  readonly onOverflow: (dropped: number) => void
}

export class Subscriber {
  readonly #options: SubscriberOptions
  readonly #inbox: Inbox
  /** Resolves when the channel is listened to for the first time; rejects when that is given up. */
  readonly standing: Promise<void>
  /** Resolves when it has ended and its handlers are done. */
  readonly closed: Promise<void>
  /** `performance.now()` from which on it is not tried any more to let it stand for the first time. */
  readonly giveUpAt: number
  #stand: () => void = () => {}
  #refuse: (error: unknown) => void = () => {}
  #settleClosed: () => void = () => {}
  #isStanding = false
  readonly #end = new AbortController()
  #isGiving = false
  #hasWarned = false

  constructor(options: SubscriberOptions, giveUpAt: number) {
    this.#options = options
    this.#inbox = new Inbox(options.maxQueued)
    this.giveUpAt = giveUpAt
    this.standing = new Promise((resolve, reject) => {
      this.#stand = resolve
      this.#refuse = reject
    })
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve
    })
  }

  get channel(): string {
    return this.#options.channel.name
  }

  get queued(): number {
    return this.#inbox.size
  }

  /** Whether the channel was ever listened to for it. */
  get isStanding(): boolean {
    return this.#isStanding
  }

  get isEnded(): boolean {
    return this.#end.signal.aborted
  }

  /** The channel is listened to; after an outage of so many ms, if it was before. */
  stands(lastedMs: number): void {
    if (this.isEnded) return
    if (!this.#isStanding) {
      this.#isStanding = true
      this.#stand()
      return
    }
    this.#inbox.addGap({ reason: 'connection-lost', lastedMs })
    this.#give()
  }

  /** A message has come. */
  push(message: Message): void {
    if (this.isEnded || !this.#isStanding) return
    const dropped = this.#inbox.addMessage(message)
    if (dropped > 0) this.#options.onOverflow(dropped)
    this.#give()
  }

  /** Calls no handler from now on. `reason` is for who waits for it to stand. */
  end(reason: unknown): void {
    if (this.isEnded) return
    this.#end.abort()
    this.#inbox.clear()
    this.#refuse(reason)
    if (!this.#isGiving) this.#settleClosed()
  }

  #give(): void {
    if (this.#isGiving) return
    this.#isGiving = true
    // Behind the reading of the socket; and whoever awaits `listen` has the listener by then.
    setImmediate(() => void this.#giveAll())
  }

  async #giveAll(): Promise<void> {
    for (let given = 1; !this.isEnded; given += 1) {
      const item = this.#inbox.take()
      if (item === undefined) break
      const isDone = 'reason' in item ? this.#giveGap(item) : this.#giveMessage(item)
      if (isDone !== null) await isDone
      if (given % MESSAGES_A_TURN === 0) await nextTurn()
    }
    this.#isGiving = false
    if (this.isEnded) this.#settleClosed()
  }

  /** null when it is done at once. */
  #giveMessage({ text, processId }: Message): Promise<void> | null {
    const { channel, handlers } = this.#options
    let during: ListenFailure['during'] = 'parse'
    try {
      const payload = channel.parse(text)
      during = 'onMessage'
      const settling = handlers.onMessage(payload, { channel: channel.name, processId })
      if (!isThenable(settling)) return null
      return Promise.resolve(settling).then(nothing, (error: unknown) => this.#tell(error, 'onMessage'))
    } catch (error) {
      this.#tell(error, during)
      return null
    }
  }

  /** Until it has succeeded: without it, all that comes later would be put on top of a wrong picture. */
  async #giveGap(gap: Gap): Promise<void> {
    for (let failures = 1; !this.isEnded; failures += 1) {
      try {
        await this.#options.handlers.onGap(gap)
        return
      } catch (error) {
        this.#tell(error, 'onGap')
      }
      await sleep(this.#options.backOffMs(failures), undefined, { signal: this.#end.signal }).catch(nothing)
    }
  }

  #tell(error: unknown, during: ListenFailure['during']): void {
    const { channel, handlers } = this.#options
    if (handlers.onError === undefined) {
      this.#warn(error, during)
      return
    }
    try {
      const told = handlers.onError(error, { channel: channel.name, during })
      if (isThenable(told)) Promise.resolve(told).catch((thrown: unknown) => this.#warn(thrown, 'onError'))
    } catch (thrown) {
      this.#warn(thrown, 'onError')
    }
  }

  #warn(error: unknown, during: string): void {
    if (this.#hasWarned || this.isEnded) return
    this.#hasWarned = true
    const reason = error instanceof Error ? error.name : typeof error
    process.emitWarning(
      `${during} of a listener to ${JSON.stringify(this.channel)} threw (${reason}); told once`,
      'AshlarWarning',
    )
  }
}

function nothing(): void {}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
