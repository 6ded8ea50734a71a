/** What a check gives, and within which limits. */

import { ConfigError, MigrationError } from '../errors.js'
import { passedOver, StepFailure, type StepResult } from './step.js'

/** The steps, in order. */
export const checkSteps = [
  'name',
  'port',
  'protocol',
  'TLS',
  'session',
  'password',
  'database',
  'version',
  'rights',
  'migrations',
] as const

/** A step's name. */
export type CheckStepName = (typeof checkSteps)[number]
/** How a step went; `warning` does not spoil the whole. */
export type CheckOutcome = 'ok' | 'warning' | 'failed' | 'skipped'
/** One step. */
export type CheckStep = StepResult<CheckStepName, CheckOutcome>

/** What was found. */
export interface CheckReport {
  /** Whether no step failed. */
  readonly ok: boolean
  /** All steps, in order; those after a failed one are skipped. */
  readonly steps: readonly CheckStep[]
}

/** How long a check may take, in ms. */
export interface CheckLimits {
  /** For each step up to the session. */
  readonly connectTimeoutMs: number
  /** For each step that asks the server something. */
  readonly answerTimeoutMs: number
}

/** How long the server may take for one answer, in ms. */
export const ANSWER_TIMEOUT_MS = 5_000

/** What no step has an explanation for. */
export function unforeseen(error: unknown): StepFailure {
  if (error instanceof ConfigError) return new StepFailure(error.message, `correct ${error.field}`)
  if (error instanceof MigrationError) return new StepFailure(error.message, 'mend the files of the migrations')
  const message = (error instanceof Error ? error.message : String(error)).replace(/^query: /, '')
  return new StepFailure(message, "the server's log may tell more")
}

/** Tells whether one of the steps failed. */
export function hasFailed(steps: readonly CheckStep[]): boolean {
  return steps.some(({ outcome }) => outcome === 'failed')
}

/** Tells whether the server offered TLS, by its step `protocol`. */
export function offersTls(steps: readonly CheckStep[]): boolean {
  return steps.some(({ name, details }) => name === 'protocol' && details.offersTls === true)
}

/** Makes the report of the steps that were run. */
export function toReport(steps: readonly CheckStep[]): CheckReport {
  const all = checkSteps.map((name) => steps.find((step) => step.name === name) ?? passedOver(name))
  return { ok: !hasFailed(steps), steps: all }
}
