/** How soon another connection is opened where one could not be. */

/** After a failure to open connections ahead, the next attempt comes after so long, in ms; each time it fails after twice
 *  as long, up to the second figure. What is back is to be found within a second, by one that tries for all. */
const RETRY_MS = 100
const MAX_RETRY_MS = 500

export class OpeningPace {
  #failedAt = -Infinity
  #retryMs = RETRY_MS

  /** Whether the last one could not be opened. */
  get hasFailed(): boolean {
    return this.#failedAt !== -Infinity
  }

  /** Whether that was so shortly ago that the next is likely to fail too. */
  get hasJustFailed(): boolean {
    return performance.now() - this.#failedAt < this.#retryMs
  }

  /** After so long the next is opened, in ms. */
  get retryMs(): number {
    return this.#retryMs
  }

  /** One could not be opened. Those that fail together are one failure. */
  noteFailure(): void {
    const now = performance.now()
    if (this.hasFailed && now - this.#failedAt > this.#retryMs / 2) {
      this.#retryMs = Math.min(MAX_RETRY_MS, 2 * this.#retryMs)
    }
    this.#failedAt = now
  }

  noteSuccess(): void {
    this.#failedAt = -Infinity
    this.#retryMs = RETRY_MS
  }
}
