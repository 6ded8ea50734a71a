/** Step `rights`: whether the role may do what ashlar does. */

import { escapeIdentifier } from 'pg'
import type { ServerTarget } from '../config.js'
import type { Executor } from '../engine/executor.js'
import { ownSchemas } from '../migrate/files.js'
import { OWN_LIST } from '../migrate/status.js'
import { checkSql } from './check-sql.js'
import { type Finding, StepFailure } from './step.js'

type Session = Pick<Executor, 'query'>

/** How many tables a reason names. */
const MAX_NAMED = 3

interface RightToMigrate {
  readonly mayCreateSchemas: boolean
  readonly mayCreateLedger: boolean
  readonly mayCreateTables: boolean
  readonly hasLedger: boolean
  readonly mayWriteLedger: boolean
  readonly ledgerOwner: string | null
}

/** What a role lacks on a migrated database. */
export interface MissingRights {
  /** ashlar's schemas that are there; none: nothing is migrated. */
  readonly present: readonly string[]
  /** Schemas without USAGE, that of the ledger among them. */
  readonly closed: readonly string[]
  readonly tables: readonly { readonly name: string; readonly rights: readonly string[] }[]
}

/** Checks the rights on ashlar's schemas and tables or, where there are none yet, those to create them.
 *  @throws {StepFailure} when one is missing; its advice is the GRANT */
export async function checkRights(db: Session, server: ServerTarget): Promise<Finding<'ok'>> {
  const { present, closed, tables } = await findMissingRights(db, null)
  if (closed.length > 0 || tables.length > 0) {
    throw new StepFailure(missing({ closed, tables }, server), grants(present, server), { schemas: present })
  }
  return present.length === 0
    ? judgeMigrating(await rightToMigrate(db), server)
    : { outcome: 'ok', details: { schemas: present } }
}

/** Finds what a role lacks. `role`: null for the session's own. */
export async function findMissingRights(db: Session, role: string | null): Promise<MissingRights> {
  const { hasLedger } = await rightToMigrate(db)
  const own = await ownSchemas()
  const looked = hasLedger ? [...own, OWN_LIST.schema] : own
  const schemas = await db.query<{ name: string; isUsable: boolean }>(checkSql.schemas, [looked, role])
  const present = schemas.map(({ name }) => name).filter((name) => own.includes(name))
  const closed = schemas.filter(({ isUsable }) => !isUsable).map(({ name }) => name)
  const { schema, table } = OWN_LIST
  return { present, closed, tables: await db.query(checkSql.missingTableRights, [present, schema, table, role]) }
}

/** Checks that the role may apply what is pending.
 *  @throws {StepFailure} when another one has to */
export async function checkMayMigrate(db: Session, { user }: ServerTarget, pending: readonly string[]): Promise<void> {
  const rights = await rightToMigrate(db)
  const { mayCreateSchemas, mayCreateTables, hasLedger, ledgerOwner } = rights
  if (mayCreateSchemas && mayCreateTables && mayKeepLedger(rights)) return
  const owner = ledgerOwner === null ? "the database's owner" : `role ${escapeIdentifier(ledgerOwner)}`
  throw new StepFailure(
    `pending: ${pending.join(', ')}, and role ${escapeIdentifier(user)} may not apply them`,
    `another role has to: \`ashlar migrate up\` with the URL of ${owner}${hasLedger ? ', which applied those before' : ''}`,
    { pending: pending.length },
  )
}

async function rightToMigrate(db: Session): Promise<RightToMigrate> {
  const { schema, table } = OWN_LIST
  const [row] = await db.query<RightToMigrate>(checkSql.rightToMigrate, [schema, table, await ownSchemas()])
  if (row === undefined) throw new Error('the server gave no row')
  return row
}

function mayKeepLedger({ hasLedger, mayWriteLedger, mayCreateLedger }: RightToMigrate): boolean {
  return hasLedger ? mayWriteLedger : mayCreateLedger
}

function judgeMigrating(rights: RightToMigrate, server: ServerTarget): Finding<'ok'> {
  const { mayCreateSchemas, hasLedger, ledgerOwner } = rights
  const details = { mayCreateSchemas, mayKeepLedger: mayKeepLedger(rights) }
  if (details.mayCreateSchemas && details.mayKeepLedger) return { outcome: 'ok', details }
  const role = escapeIdentifier(server.user)
  const ledger = hasLedger
    ? `write to ${OWN_LIST.schema}.${OWN_LIST.table}`
    : `create tables in schema ${OWN_LIST.schema}`
  const database = escapeIdentifier(server.database)
  throw new StepFailure(
    `nothing is migrated yet, and role ${role} may not ${mayCreateSchemas ? ledger : `create schemas in database ${database}`}`,
    hasLedger && mayCreateSchemas
      ? `migrate as role ${escapeIdentifier(ledgerOwner ?? '')}, which owns the table`
      : `as the database's owner: \`${grantsToMigrate(server).join('; ')}\`, or let \`ashlar init --admin-url postgres://ADMIN:PASSWORD@HOST/postgres\` do it`,
    details,
  )
}

/** Gives the GRANTs that let the target's role migrate a database that is not its own. */
function grantsToMigrate({ database, user }: ServerTarget): readonly string[] {
  const role = escapeIdentifier(user)
  return [
    `GRANT CONNECT, CREATE ON DATABASE ${escapeIdentifier(database)} TO ${role}`,
    `GRANT USAGE, CREATE ON SCHEMA ${OWN_LIST.schema} TO ${role}`,
  ]
}

function missing({ closed, tables }: Pick<MissingRights, 'closed' | 'tables'>, { user }: ServerTarget): string {
  const onTables = tables.slice(0, MAX_NAMED).map(({ name, rights }) => `${rights.join(', ')} on ${name}`)
  const more = tables.length > MAX_NAMED ? [`and on ${tables.length - MAX_NAMED} more`] : []
  const onSchemas = closed.length === 0 ? [] : [`USAGE on schema ${closed.join(', ')}`]
  return `role ${escapeIdentifier(user)} lacks ${[...onSchemas, ...onTables, ...more].join('; ')}`
}

function grants(present: readonly string[], { user }: ServerTarget): string {
  return `as the owner of the tables: \`${grantsToUse(present, user).join('; ')}\`; or connect as their owner`
}

/** Gives the GRANTs that let a role use a migrated database. */
export function grantsToUse(present: readonly string[], user: string): readonly string[] {
  const role = escapeIdentifier(user)
  const list = present.map(escapeIdentifier).join(', ')
  const onTables = `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${list} TO ${role}`
  return [
    `GRANT USAGE ON SCHEMA ${[...present, OWN_LIST.schema].map(escapeIdentifier).join(', ')} TO ${role}`,
    ...(present.length === 0 ? [] : [onTables]),
    `GRANT SELECT ON ${OWN_LIST.schema}.${OWN_LIST.table} TO ${role}`,
  ]
}
