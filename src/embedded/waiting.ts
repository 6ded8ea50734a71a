/** One budget of time for the several steps of a start. */
export interface Deadline {
  readonly totalMs: number
  /** What is left, in milliseconds; at least 1, because 0 means "no limit" to several Node functions. */
  remainingMs(): number
  isOver(): boolean
}

/** Begins a budget of `totalMs` milliseconds. */
export function deadlineIn(totalMs: number): Deadline {
  const end = performance.now() + totalMs
  return {
    totalMs,
    remainingMs: () => Math.max(1, Math.ceil(end - performance.now())),
    isOver: () => performance.now() >= end,
  }
}

// A start takes 40 ms and a stop 60, so a longer pause between looks would show.
const pollMs = 10

/** Pauses between two looks at a condition that no event announces: another process's death, a file's content. */
export async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, pollMs))
}

/** Looks until the condition holds; false when it still does not after `withinMs` milliseconds. */
export async function becomesTrue(condition: () => boolean, withinMs: number): Promise<boolean> {
  const deadline = deadlineIn(withinMs)
  while (!condition()) {
    if (deadline.isOver()) return false
    await pause()
  }
  return true
}
