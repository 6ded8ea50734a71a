/** Tries again what did not get its locks in time. A statement that waits for its lock has all others wait behind it. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerTarget } from '../config.js'
import { MigrationError } from '../errors.js'
import { type BlockerWatch, describeHolders, type LockHolder, watchBlockers } from './blockers.js'
import type { MigrationMove, MigrationStep, RunOptions } from './options.js'
import { placeOf } from './problem.js'
import { StatementFailure, whatIsLeft } from './run-failure.js'

/** One attempt that was given up. */
export interface LockRetry extends MigrationMove {
  /** From 1. */
  readonly attempt: number
  /** Since the first attempt began. */
  readonly elapsedMs: number
  readonly nextTryMs: number
  /** Who held the lock; empty where nobody was seen, as in the first attempt. */
  readonly holders: readonly LockHolder[]
}

/** Pauses double from the first to the longest; up to a half of each is left to chance. */
const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 5_000

/** lock_not_available, deadlock_detected. */
const LOCK_STATES = new Set(['55P03', '40P01'])

/** Of what it is tried again. */
export interface RetryScope {
  readonly server: ServerTarget
  /** Of the session that waits for locks. */
  readonly pid: number
  readonly connectTimeoutMs: number
  readonly options: RunOptions
}

/** Runs work until it gets its locks. Each attempt must leave nothing behind when it fails. `kept`: what of the run stays.
 *  @throws {MigrationError} when `lockRetryMs` is over; names who holds the lock */
export async function retryLocks<T>(
  { server, pid, connectTimeoutMs, options }: RetryScope,
  kept: readonly MigrationStep[],
  work: () => Promise<T>,
): Promise<T> {
  const { lockRetryMs, statementLockTimeoutMs, onLockRetry } = options
  const startedAt = performance.now()
  let watch: BlockerWatch | null = null
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof StatementFailure) || error.move === null || !LOCK_STATES.has(error.sqlState ?? '')) {
          throw error
        }
        const { file, direction } = error.move
        const elapsedMs = performance.now() - startedAt
        const nextTryMs = pauseBefore(attempt + 1)
        if (lockRetryMs !== null && elapsedMs + nextTryMs > lockRetryMs) {
          const held = describeHolders(watch?.holders ?? [])
          const tried = `no lock within ${statementLockTimeoutMs} ms in ${attempt} attempts over ${Math.round(elapsedMs)} ms, held by ${held}`
          throw gaveUp(error, tried, kept)
        }
        const holders = watch?.holders ?? []
        onLockRetry?.({ source: file.source.name, name: file.name, direction, attempt, elapsedMs, nextTryMs, holders })
        watch ??= await watchBlockers(server, pid, connectTimeoutMs)
        await sleep(nextTryMs)
      }
    }
  } finally {
    await watch?.close()
  }
}

function pauseBefore(attempt: number): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 2))
  return longest / 2 + (Math.random() * longest) / 2
}

function gaveUp(
  { move, statement, leftOfStep }: StatementFailure,
  tried: string,
  kept: readonly MigrationStep[],
): MigrationError {
  const file = move?.file.file ?? ''
  const line = statement?.line ?? null
  return new MigrationError(
    `${placeOf({ file, line })} (${move?.direction}): ${tried}; end that session, or migrate when it is done; ${whatIsLeft({ move, leftOfStep }, kept)}`,
    { file, line },
  )
}
