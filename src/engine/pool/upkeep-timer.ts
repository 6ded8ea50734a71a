/** One timer for idle connections that fall due, and for those that could not be opened. */

export class UpkeepTimer {
  readonly #look: () => void
  #timer: NodeJS.Timeout | null = null
  /** `performance.now()` of the next look; Infinity: there is none. */
  #dueAt = Infinity
  /** When one is opened that could not be. It stands until then: somebody may wait for it. */
  #retryAt = Infinity
  #isStopped = false

  constructor(look: () => void) {
    this.#look = look
  }

  get dueAt(): number {
    return this.#dueAt
  }

  /** Has it looked so much later, whatever else is planned; `isFirst`: unless it is looked earlier for the same reason. */
  retryIn(ms: number, { isFirst = false } = {}): void {
    const at = performance.now() + ms
    this.#retryAt = isFirst ? Math.min(this.#retryAt, at) : at
  }

  /** Plans the next look for a moment, or earlier where something is to be opened. */
  plan(atMost: number): void {
    if (this.#isStopped) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#dueAt = Math.min(this.#retryAt, atMost)
    if (this.#dueAt === Infinity) return
    this.#timer = setTimeout(() => this.#ring(), Math.max(0, this.#dueAt - performance.now()))
    this.#timer.unref()
  }

  stop(): void {
    this.#isStopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  #ring(): void {
    // A timer may be early, and who opens rests for all of that time.
    if (performance.now() >= this.#retryAt) this.#retryAt = Infinity
    this.#look()
  }
}
