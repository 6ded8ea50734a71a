/** A run that nobody else can begin meanwhile, and that may keep the ledger. */

import type { ServerTarget } from '../config.js'
import { defaults } from '../config.js'
import { MigrationError } from '../errors.js'
import type { Run } from './execute.js'
import type { MigrationFile } from './files.js'
import { LEDGER_SCHEMA, LEDGER_TABLE } from './ledger-sql.js'
import { takeMigrationLock } from './lock.js'
import type { RunOptions } from './options.js'
import { type RunSession, settle } from './session.js'
import { type MigrationState, readState } from './state.js'

/** Takes the migration lock, and reads the state that lasts while it is held. */
export async function lockedRun(
  server: ServerTarget,
  session: RunSession,
  files: readonly MigrationFile[],
  options: RunOptions,
): Promise<Run> {
  const { connectTimeoutMs = defaults.pool.connectTimeoutMs, sources, lockTimeoutMs } = options
  const pid = await settle(session)
  await takeMigrationLock(session.db, lockTimeoutMs)
  const state = await readState(session.db, sources, files)
  return { server, pid, connectTimeoutMs, options, client: session.client, state }
}

/** @throws {MigrationError} when the role may not keep the ledger */
export function assertMayWrite({ ledger }: MigrationState): void {
  if (ledger.hasLedger && !ledger.mayRead) {
    throw new MigrationError(`the role may not read ${LEDGER_TABLE}, the history of migrations: migrate as its owner`)
  }
  if (ledger.mayWrite) return
  if (ledger.hasLedger) {
    throw new MigrationError(
      `the role may not write to ${LEDGER_TABLE}, the history of migrations: migrate as its owner`,
    )
  }
  throw new MigrationError(
    ledger.hasSchema
      ? `the role may not create ${LEDGER_TABLE}, the history of migrations: grant it USAGE and CREATE on schema ${LEDGER_SCHEMA}`
      : `the role may not create schema ${LEDGER_SCHEMA}, which keeps the history of migrations: grant it CREATE on the database`,
  )
}
