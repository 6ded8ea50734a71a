/** Puts load on a contender: a number of callers that wait for each answer, or calls at a fixed rate. */

/** A call; `turn` counts up over all callers, for choosing what is asked. */
export type Call = (turn: number) => Promise<unknown>

/** What a load did. */
export interface LoadFigures {
  readonly calls: number
  readonly elapsedMs: number
}

/** Lets each caller call again as soon as it has its answer, until the time is over; waits for the last answers. */
export async function closedLoop(callers: number, durationMs: number, call: Call): Promise<LoadFigures> {
  const startedAt = performance.now()
  const endAt = startedAt + durationMs
  let turn = 0
  const caller = async (): Promise<void> => {
    while (performance.now() < endAt) {
      turn += 1
      await call(turn)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return { calls: turn, elapsedMs: performance.now() - startedAt }
}

/** Starts calls at a fixed rate, answered or not, until the time is over; waits for the last answers. `call` also gets
 *  the time at which it was due, from which a wait counts: a contender that falls behind must not hide it. */
export async function openLoop(
  callsPerSecond: number,
  durationMs: number,
  call: (turn: number, dueAt: number) => Promise<unknown>,
): Promise<LoadFigures> {
  const startedAt = performance.now()
  const total = Math.floor((callsPerSecond * durationMs) / 1_000)
  const pending: Promise<unknown>[] = []
  while (pending.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) * callsPerSecond) / 1_000))
    while (pending.length < due) {
      pending.push(call(pending.length, startedAt + (pending.length * 1_000) / callsPerSecond))
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(pending)
  return { calls: total, elapsedMs: performance.now() - startedAt }
}

/** Gives a number from 1 to `size`, spread evenly and the same for each contender at the same turn. */
export function spread(turn: number, size: number): number {
  // Knuth's multiplicative hash.
  return ((Math.imul(turn, 2_654_435_761) >>> 0) % size) + 1
}
