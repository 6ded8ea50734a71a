/** Writes to node-pg-migrate's lists and the ledger, within the runner's transactions. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from 'pg'
import { ownMigrations } from './files.js'
import { ledgerSql, listSql } from './ledger-sql.js'
import type { Move } from './selection.js'
import type { MigrationSource } from './source.js'
import type { AppliedMigration, LedgerAccess, MigrationState } from './state.js'

let version: string | null = null

/** Gives the version of this package. */
function ownVersion(): string {
  version ??= (JSON.parse(readFileSync(join(ownMigrations, '../package.json'), 'utf8')) as { version: string }).version
  return version
}

/** Creates the ledger and the lists that are not there. */
export async function ensureLedger(
  client: Client,
  { ledger, lists }: MigrationState,
  sources: readonly MigrationSource[],
): Promise<void> {
  if (!ledger.hasSchema) await client.query(ledgerSql.createSchema)
  if (!ledger.hasLedger) await client.query(ledgerSql.create)
  for (const { table } of sources) if (!lists.includes(table)) await client.query(listSql(table).create)
}

/** Records a migration that was run.
 *  @param durationMs null: it was not run, only recorded */
export async function recordMove(client: Client, { file, direction }: Move, durationMs: number | null): Promise<void> {
  const { source, name, checksum } = file
  const { insert, remove } = listSql(source.table)
  const runOn = direction === 'up' ? (await client.query<{ run_on: string }>(insert, [name])).rows[0]?.run_on : null
  if (direction === 'down') await client.query(remove, [name])
  const origin = durationMs === null ? 'stamp' : 'run'
  await record(client, { table: source.table, name, direction, origin, checksum, runOn: runOn ?? null, durationMs })
}

/** Records the present text of an applied migration as the one that was applied. */
export async function recordText(
  client: Client,
  { source, name, runOn }: AppliedMigration,
  checksum: string,
): Promise<void> {
  await record(client, {
    table: source.table,
    name,
    direction: 'up',
    origin: 'stamp',
    checksum,
    runOn,
    durationMs: null,
  })
}

/** Takes a migration out of its list without running anything. */
export async function strikeOut(client: Client, { source, name }: AppliedMigration, checksum: string): Promise<void> {
  const { table } = source
  await client.query(listSql(table).remove, [name])
  await record(client, { table, name, direction: 'down', origin: 'stamp', checksum, runOn: null, durationMs: null })
}

/** Records what another program applied and reverted. */
export async function adopt(client: Client, state: MigrationState): Promise<void> {
  for (const { source, name, runOn, file } of unknownTo(state)) {
    const { checksum } = file
    await record(client, {
      table: source.table,
      name,
      direction: 'up',
      origin: 'adopt',
      checksum,
      runOn,
      durationMs: null,
    })
  }
  for (const { source, name, checksum } of state.revertedElsewhere) {
    const event = { table: source.table, name, checksum, runOn: null, durationMs: null } as const
    await record(client, { ...event, direction: 'down', origin: 'adopt' })
  }
}

/** Tells whether another program changed a list, and this role may write it down. */
export function mayAdopt(state: MigrationState): boolean {
  return (
    state.ledger.mayWrite &&
    isReadable(state.ledger) &&
    (unknownTo(state).length > 0 || state.revertedElsewhere.length > 0)
  )
}

/** Where the ledger is there and may not be read, everything would look unknown to it. */
function isReadable({ hasLedger, mayRead }: LedgerAccess): boolean {
  return mayRead || !hasLedger
}

function unknownTo({ applied }: MigrationState) {
  return applied.flatMap((each) => (each.checksum === null && each.file !== null ? [{ ...each, file: each.file }] : []))
}

interface LedgerEvent {
  readonly table: string
  readonly name: string
  readonly direction: 'up' | 'down'
  readonly origin: 'run' | 'stamp' | 'adopt'
  readonly checksum: string
  readonly runOn: string | null
  readonly durationMs: number | null
}

async function record(client: Client, event: LedgerEvent): Promise<void> {
  const { table, name, direction, origin, checksum, runOn, durationMs } = event
  const rounded = durationMs === null ? null : Math.round(durationMs)
  await client.query(ledgerSql.record, [table, name, direction, origin, checksum, runOn, rounded, ownVersion()])
}
