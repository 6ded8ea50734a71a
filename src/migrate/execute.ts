/** Runs migrations: those of SQL files that follow each other in one transaction, steps one by one outside of any. */

import type { Client } from 'pg'
import { dropInvalidIndex, findInvalidIndex } from './invalid-index.js'
import { adopt, ensureLedger, recordMove } from './ledger.js'
import { type RetryScope, retryLocks } from './lock-retry.js'
import type { MigrationStep } from './options.js'
import type { PreparedFile } from './prepare.js'
import { runFailed, StatementFailure } from './run-failure.js'
import type { Move } from './selection.js'
import { SEARCH_PATH } from './session.js'
import type { MigrationState } from './state.js'
import type { Statement } from './statements.js'
import { waitsApart } from './transaction-rules.js'

/** A run that holds the migration lock. */
export interface Run extends RetryScope {
  readonly client: Client
  readonly state: MigrationState
}

/** Runs moves in order. Gives what was done.
 *  @throws {MigrationError} when one fails; names its file and line, and what of the run is kept */
export async function execute(
  run: Run,
  moves: readonly Move[],
  prepared: readonly PreparedFile[],
): Promise<readonly MigrationStep[]> {
  const done: MigrationStep[] = []
  const work: Work = { run, prepared, done, told: new Set(), isLedgerReady: false }
  try {
    for (const batch of batchesOf(moves)) {
      const [first] = batch
      done.push(...(first?.file.form === 'step' ? await runStep(work, first) : await runBatch(work, batch)))
    }
    return done
  } catch (error) {
    if (!(error instanceof StatementFailure)) throw error
    throw runFailed(error, done)
  }
}

/** Runs what writes to the ledger alone.
 *  @throws {MigrationError} when the role may not */
export async function writeLedger(run: Run, write: () => Promise<void>): Promise<void> {
  const work: Work = { run, prepared: [], done: [], told: new Set(), isLedgerReady: false }
  try {
    await inTransaction(work, () => attempt(null, write))
  } catch (error) {
    throw error instanceof StatementFailure ? runFailed(error, []) : error
  }
}

interface Work {
  readonly run: Run
  readonly prepared: readonly PreparedFile[]
  /** What is done, and stays. */
  readonly done: readonly MigrationStep[]
  /** Whose name was told. */
  readonly told: Set<Move>
  /** Whether a transaction that made the ledger was committed. */
  isLedgerReady: boolean
}

function batchesOf(moves: readonly Move[]): readonly (readonly Move[])[] {
  const batches: Move[][] = []
  for (const move of moves) {
    const last = batches.at(-1)
    if (move.file.form === 'sql' && last?.[0]?.file.form === 'sql') last.push(move)
    else batches.push([move])
  }
  return batches
}

/** In one transaction, which is undone and begun again when a lock is not to be had. */
function runBatch(work: Work, batch: readonly Move[]): Promise<readonly MigrationStep[]> {
  const { client } = work.run
  return retryLocks(work.run, work.done, () =>
    inTransaction(work, async () => {
      const done: MigrationStep[] = []
      for (const move of batch) {
        const startedAt = performance.now()
        const statements = begin(work, move)
        await attempt({ move }, () => client.query(ownSettings(work)))
        for (const statement of statements) {
          await attempt({ move, statement }, () => client.query(statement.sql))
        }
        done.push(await finish(work, move, startedAt))
      }
      return done
    }),
  )
}

/** Statement by statement. It is recorded when all are done, and otherwise begins again with the first in the next run. */
async function runStep(work: Work, move: Move): Promise<readonly MigrationStep[]> {
  const { run } = work
  const { client, options } = run
  const startedAt = performance.now()
  const statements = begin(work, move)
  await attempt({ move }, () => client.query(ownSettings(work)))
  for (const [done, statement] of statements.entries()) {
    // Its wait keeps nobody else waiting, and giving up would leave an invalid index.
    const lockTimeoutMs = waitsApart(statement) ? 0 : options.statementLockTimeoutMs
    await retryLocks(run, work.done, () =>
      attempt({ move, statement }, async () => {
        await client.query(`SET lock_timeout = ${lockTimeoutMs}`)
        const dropped = await dropInvalidIndex(client, statement)
        if (dropped !== null) {
          options.onNotice?.(`${move.file.file}: dropped index ${dropped}, which a failure had left invalid`)
        }
        await client.query(statement.sql).catch(async (error: unknown) => {
          // The connection may be lost.
          const invalidIndex = await findInvalidIndex(client, statement).catch(() => null)
          throw new StatementFailure(error, { move, statement, leftOfStep: { done, invalidIndex } })
        })
      }),
    )
  }
  return [await inTransaction(work, () => finish(work, move, startedAt))]
}

function begin({ run, prepared, told }: Work, move: Move): readonly Statement[] {
  const { file, direction } = move
  if (!told.has(move)) {
    run.options.onMigration?.(file.name, { source: file.source.name, name: file.name, direction })
  }
  told.add(move)
  const found = prepared.find((each) => each.file === file)
  if (found === undefined) throw new Error(`${file.file} is not prepared`)
  return found[direction]
}

async function finish({ run }: Work, move: Move, startedAt: number): Promise<MigrationStep> {
  const { file, direction } = move
  const durationMs = performance.now() - startedAt
  await attempt({ move }, () => recordMove(run.client, move, durationMs))
  return { source: file.source.name, name: file.name, direction, durationMs }
}

/** Runs work in a transaction, the first of which makes the ledger and adopts what another program did. */
async function inTransaction<T>(work: Work, run: () => Promise<T>): Promise<T> {
  const { client, state, options } = work.run
  await attempt(null, () => client.query('BEGIN ISOLATION LEVEL READ COMMITTED'))
  try {
    await attempt(null, () => client.query(ownSettings(work)))
    if (!work.isLedgerReady) {
      await attempt(null, () => ensureLedger(client, state, options.sources))
      await attempt(null, () => adopt(client, state))
    }
    const result = await run()
    await attempt({ isCommit: true }, () => client.query('COMMIT'))
    work.isLedgerReady = true
    return result
  } catch (error) {
    // The connection may be lost, and with it the transaction.
    await client.query('ROLLBACK').catch(() => {})
    throw error
  }
}

/** What an earlier migration of the run set is its own: each begins alike, however many run at once. */
function ownSettings({ run }: Work): string {
  return `RESET ROLE; ${SEARCH_PATH}; SET lock_timeout = ${run.options.statementLockTimeoutMs}`
}

type Place = ConstructorParameters<typeof StatementFailure>[1]

async function attempt<T>(place: Place | null, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw error instanceof StatementFailure ? error : new StatementFailure(error, place ?? {})
  }
}
