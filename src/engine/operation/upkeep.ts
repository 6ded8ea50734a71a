/** Deletes old operations in the background, of a handle that makes new ones. */

/** How often, in ms. */
const INTERVAL_MS = 600_000
/** How long after the first operation that finds it due, in ms: so that it holds up neither that one nor the start. */
const DELAY_MS = 1_000

/** Is told of each operation. */
export class OperationUpkeep {
  readonly #clean: () => Promise<unknown>
  readonly #delayMs: number
  /** `performance.now()` from which on it is due. */
  #dueAt = 0
  #timer: NodeJS.Timeout | null = null

  /** `clean` deletes some; when it rejects, the next time will do. */
  constructor(clean: () => Promise<unknown>, delayMs = DELAY_MS) {
    this.#clean = clean
    this.#delayMs = delayMs
  }

  /** Plans a cleaning when one is due. */
  noteUse(): void {
    const now = performance.now()
    if (now < this.#dueAt) return
    this.#dueAt = now + INTERVAL_MS
    this.#timer = setTimeout(() => void this.#clean().catch(() => {}), this.#delayMs)
    // A program must not live longer for it.
    this.#timer.unref()
  }

  /** Plans no more. */
  stop(): void {
    this.#dueAt = Infinity
    if (this.#timer !== null) clearTimeout(this.#timer)
  }
}
