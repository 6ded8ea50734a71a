/** Checks what `listen` is given. */

import { ValidationError, type ValidationIssue } from '../../errors.js'
import type { ListenHandlers, ListenOptions } from './listener.js'

/** Name of the call in errors. */
export const LISTEN = 'listen'

const DEFAULT_MAX_QUEUED = 10_000
const MAX_MAX_QUEUED = 1_000_000

const OPTIONS: readonly string[] = ['signal', 'maxQueued']

/** Checks handlers and options, and gives what is left out of them.
 *  @throws {ValidationError} when one of them is not what it must be */
export function checkListen(
  handlers: ListenHandlers<never>,
  options: ListenOptions,
): { readonly signal: AbortSignal | null; readonly maxQueued: number } {
  const issues = [...handlerIssues(handlers), ...optionIssues(options)]
  if (issues.length > 0) throw new ValidationError(LISTEN, issues)
  return { signal: options.signal ?? null, maxQueued: options.maxQueued ?? DEFAULT_MAX_QUEUED }
}

function handlerIssues(handlers: unknown): ValidationIssue[] {
  if (typeof handlers !== 'object' || handlers === null) {
    return [{ path: 'handlers', message: 'must be an object with onMessage and onGap' }]
  }
  const { onMessage, onGap, onError } = handlers as Record<string, unknown>
  const issues: ValidationIssue[] = []
  if (typeof onMessage !== 'function') issues.push({ path: 'onMessage', message: 'must be a function' })
  // Who does not know of gaps is wrong after the first one, and does not know it.
  if (typeof onGap !== 'function') issues.push({ path: 'onGap', message: 'must be a function: it reads anew' })
  if (onError !== undefined && typeof onError !== 'function') {
    issues.push({ path: 'onError', message: 'must be a function' })
  }
  return issues
}

function optionIssues(options: unknown): ValidationIssue[] {
  if (typeof options !== 'object' || options === null) return [{ path: 'options', message: 'must be an object' }]
  const issues: ValidationIssue[] = Object.keys(options)
    .filter((path) => !OPTIONS.includes(path))
    .map((path) => ({ path, message: `is no option of this call; there are ${OPTIONS.join(', ')}` }))
  const { signal, maxQueued } = options as Record<string, unknown>
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    issues.push({ path: 'signal', message: 'must be an AbortSignal' })
  }
  const isCount = Number.isInteger(maxQueued) && Number(maxQueued) >= 1 && Number(maxQueued) <= MAX_MAX_QUEUED
  if (maxQueued !== undefined && !isCount) {
    issues.push({ path: 'maxQueued', message: `must be an integer from 1 to ${MAX_MAX_QUEUED}` })
  }
  return issues
}
