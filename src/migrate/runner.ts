/** Applies and reverts migrations as node-pg-migrate does, so that its own command and ashlar's can follow each other:
 *  with its lock, its lists and its way of cutting files. */

import type { ServerTarget } from '../config.js'
import { compare, isOnlyNewer, refuseProblems } from './comparison.js'
import { execute, writeLedger } from './execute.js'
import { type MigrationFile, readSources } from './files.js'
import { mayAdopt } from './ledger.js'
import { refuseLeftOut } from './left-out.js'
import { assertMayWrite, lockedRun } from './locked-run.js'
import { type MigrateOptions, type MigrationStep, type RunOptions, withDefaults } from './options.js'
import { type PreparedFile, prepareFiles } from './prepare.js'
import { appliedToRevert, type Move, movesUp } from './selection.js'
import { withRunSession } from './session.js'
import { type MigrationState, readState } from './state.js'

/** Applies pending migrations, those of SQL files that follow each other in one transaction, waiting for another runner
 *  to finish first. Where nothing is pending, the role needs no more than to read the list of what is applied.
 *  @throws {MigrationError} when a file is malformed, edited, missing, renamed or out of order, and nothing is run then;
 *    when its SQL fails, the role may not migrate, another runner does not finish, or a lock is not to be had
 *  @throws {ConfigError} when `to` or `count` cannot be used
 *  @throws {ConnectionError} when the server cannot be reached, or the connection is lost
 *  @throws {OutcomeUnknownError} when the connection is lost at COMMIT */
export function migrateUp(server: ServerTarget, options: MigrateOptions = {}): Promise<readonly MigrationStep[]> {
  return migrate(server, withDefaults(options), planUp)
}

/** Reverts the latest migrations, waiting for another runner to finish first.
 *  @throws as {@link migrateUp}; what is not reverted may be edited or out of order */
export function migrateDown(server: ServerTarget, options: MigrateOptions = {}): Promise<readonly MigrationStep[]> {
  return migrate(server, withDefaults(options), planDown)
}

/** Reverts the latest migrations and applies them again, in one transaction where all are SQL files.
 *  @throws as {@link migrateDown} */
export function migrateRedo(server: ServerTarget, options: MigrateOptions = {}): Promise<readonly MigrationStep[]> {
  return migrate(server, withDefaults(options), planRedo)
}

/** What a run would do, as {@link planMigration} gives it. */
export interface PlannedMigration {
  readonly source: MigrationStep['source']
  readonly name: string
  readonly direction: MigrationStep['direction']
  /** Whether it runs in a transaction, together with its neighbours of the same kind. */
  readonly isTransaction: boolean
  /** Its statements, each with its semicolon. */
  readonly sql: string
}

/** Gives what a run would do now, without doing anything.
 *  @throws as the run itself would, before it runs anything */
export async function planMigration(
  server: ServerTarget,
  direction: 'up' | 'down' | 'redo',
  options: MigrateOptions = {},
): Promise<readonly PlannedMigration[]> {
  const given = withDefaults(options)
  const files = await readSources(given.sources)
  return withRunSession(server, given.connectTimeoutMs, async ({ db }) => {
    await refuseLeftOut(db, direction, given)
    const moves = PLANS[direction](await readState(db, given.sources, files), given)
    const prepared = await prepareMoves(moves)
    return moves.map(({ file, direction: way }) => {
      const statements = prepared.find((each) => each.file === file)?.[way] ?? []
      // The last one of a file may end in a comment, and with the file.
      const sql = statements.map(({ sql }) => (/--.*$/.test(sql) ? `${sql}\n;` : `${sql};`)).join('\n\n')
      return { source: file.source.name, name: file.name, direction: way, isTransaction: file.form === 'sql', sql }
    })
  })
}

/** Chooses what to run, and refuses what contradicts it. */
type Plan = (state: MigrationState, options: RunOptions) => readonly Move[]

const planUp: Plan = (state, options) => {
  const problems = compare(state)
  if (options.acceptsNewer !== true || !isOnlyNewer(problems, state)) refuseProblems(problems, state.files)
  return movesUp(state, options)
}

const planDown: Plan = (state, options) => {
  const reverted = appliedToRevert(state, options)
  const isReverted = (source: string, name: string): boolean =>
    reverted.some((each) => each.source.name === source && each.name === name)
  const problems = compare(state).filter(
    ({ kind, source, name }) => kind !== 'out-of-order' && isReverted(source, name),
  )
  refuseProblems(problems, state.files)
  return reverted.flatMap(({ file }) => (file === null ? [] : [{ file, direction: 'down' as const }]))
}

const planRedo: Plan = (state, options) => {
  const down = planDown(state, options)
  return [...down, ...down.toReversed().map(({ file }) => ({ file, direction: 'up' as const }))]
}

const PLANS = { up: planUp, down: planDown, redo: planRedo } as const

async function migrate(server: ServerTarget, options: RunOptions, plan: Plan): Promise<readonly MigrationStep[]> {
  const files = await readSources(options.sources)
  return withRunSession(server, options.connectTimeoutMs, async (session) => {
    await refuseLeftOut(session.db, plan === planUp ? 'up' : 'down', options)
    const before = await readState(session.db, options.sources, files)
    const first = plan(before, options)
    if (first.length === 0 && !mayAdopt(before)) return []
    // All that is pending, not only what the count takes: what is wrong is better known now.
    const prepared = await prepareMoves([...first, ...(plan === planUp ? before.pending : []).map(asMove)])
    const run = await lockedRun(server, session, files, options)
    // Another runner may have done it all in the meantime.
    const moves = plan(run.state, options)
    if (moves.length === 0) {
      if (mayAdopt(run.state)) await writeLedger(run, async () => {})
      return []
    }
    assertMayWrite(run.state)
    return execute(run, moves, await withOthers(prepared, moves))
  })
}

function asMove(file: MigrationFile): Move {
  return { file, direction: 'up' }
}

function prepareMoves(moves: readonly Move[]): Promise<readonly PreparedFile[]> {
  return prepareFiles([...new Set(moves.map(({ file }) => file))])
}

/** Another runner may also have reverted what was applied before. */
async function withOthers(prepared: readonly PreparedFile[], moves: readonly Move[]): Promise<readonly PreparedFile[]> {
  const others = moves.filter(({ file }) => prepared.every((each) => each.file !== file))
  return [...prepared, ...(await prepareMoves(others))]
}
