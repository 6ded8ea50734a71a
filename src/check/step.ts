/** Steps: what is looked at or done one after another, each with its own result and its own time limit. */

/** What was found, units in the names. */
export type Details = Readonly<Record<string, string | number | boolean | readonly string[] | null>>

/** How one step went. */
export interface StepResult<Name extends string = string, Outcome extends string = string> {
  readonly name: Name
  readonly outcome: Outcome
  readonly details: Details
  /** What is wrong, or why the step was passed over; null when there is nothing to say. */
  readonly reason: string | null
  /** What to do about it, as a command or a setting. */
  readonly advice: string | null
  /** How long it took; null for a step that was not run, or was part of another. */
  readonly ms: number | null
}

/** What a step gives when it did not fail. */
export interface Finding<Outcome extends string> {
  readonly outcome: Outcome
  readonly details?: Details
  readonly reason?: string
  readonly advice?: string
}

/** A step's way to fail: what is wrong, what to do, and what was measured all the same. */
export class StepFailure extends Error {
  readonly advice: string
  readonly details: Details

  constructor(reason: string, advice: string, details: Details = {}) {
    super(reason)
    this.advice = advice
    this.details = details
  }
}

/** Runs a step. Whatever it throws is a result; `explain` makes a {@link StepFailure} of what is not one. */
export async function runStep<Name extends string, Outcome extends string>(
  name: Name,
  work: () => Promise<Finding<Outcome>>,
  explain: (error: unknown) => StepFailure,
): Promise<StepResult<Name, Outcome | 'failed'>> {
  const startedAt = performance.now()
  const took = (): number => Math.round((performance.now() - startedAt) * 10) / 10
  try {
    const { outcome, details = {}, reason = null, advice = null } = await work()
    return { name, outcome, details, reason, advice, ms: took() }
  } catch (error) {
    const { message, advice, details } = error instanceof StepFailure ? error : explain(error)
    return { name, outcome: 'failed', details, reason: message, advice, ms: took() }
  }
}

/** Runs steps in order, up to the first that fails. `onStep` gets each as it ends. */
export async function runSteps<Name extends string, Outcome extends string>(
  steps: ReadonlyMap<Name, () => Promise<Finding<Outcome>>>,
  explain: (error: unknown) => StepFailure,
  onStep: (step: StepResult<Name, Outcome | 'failed'>) => void = () => {},
): Promise<readonly StepResult<Name, Outcome | 'failed'>[]> {
  const results: StepResult<Name, Outcome | 'failed'>[] = []
  for (const [name, work] of steps) {
    const result = await runStep(name, work, explain)
    results.push(result)
    onStep(result)
    if (result.outcome === 'failed') break
  }
  return results
}

/** Gives the result of a step that was not reached, or that does not apply for `reason`. */
export function passedOver<Name extends string>(name: Name, reason: string | null = null): StepResult<Name, 'skipped'> {
  return { name, outcome: 'skipped', details: {}, reason, advice: null, ms: null }
}

/** Waits for `work`, at most `limitMs`.
 *  @throws {StepFailure} that `late` makes, when the time is over */
export async function within<T>(work: Promise<T>, limitMs: number, late: () => StepFailure): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), limitMs)
  })
  try {
    return await Promise.race([work, over])
  } finally {
    clearTimeout(timer)
  }
}
