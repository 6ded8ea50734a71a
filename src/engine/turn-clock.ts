/** A clock that is read once for all that happens in a run of this process's code: many calls are sent and answered in one. */

let now = 0
let isFresh = false

function expire(): void {
  isFresh = false
}

/** Gives `performance.now()` as it was when it was first asked for in this run of code (callbacks of one event and what they
 *  have called, or the promises that were settled by it). Exact enough for what is sent behind it in any case: it leaves when
 *  that run is over. */
export function turnNow(): number {
  if (isFresh) return now
  isFresh = true
  now = performance.now()
  process.nextTick(expire)
  return now
}
