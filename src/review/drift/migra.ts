/** The draft of @pgkit/migra: what statements it would turn one schema into another by. */

import { LEDGER_SCHEMA } from '../../migrate/ledger-sql.js'
import type { Session } from '../catalogue/session.js'

/** What must not be in the draft. */
export interface MigraScope {
  readonly ignoredSchemas: readonly string[]
  /** Relations, as the catalogue calls them, by schema and name. */
  isLeftOut(schema: string, relation: string): boolean
}

/** What of @pgkit/client is asked: no connection of its own, so that passwords stay with ours. */
interface Queryable {
  any(query: { readonly sql: string }): Promise<readonly Row[]>
  oneFirst(query: { readonly sql: string }): Promise<unknown>
}

type Row = Readonly<Record<string, unknown>>

interface Migra {
  readonly Migration: {
    create(
      from: Queryable,
      to: Queryable,
      options: { readonly ignore_extension_versions: boolean },
    ): Promise<{
      readonly statements: Iterable<string>
      set_safety(isOn: boolean): void
      add_all_changes(privileges: boolean): void
    }>
  }
}

/** What to do about what the plain statements leave. */
export const MIGRA_HINT = '@pgkit/migra may know a way: npm install --save-dev @pgkit/migra'

/** Gives the statements that turn the schema of one session into that of the other. Neither is changed.
 *  Null: @pgkit/migra is not installed. */
export async function migraStatements(
  from: Session,
  to: Session,
  scope: MigraScope,
): Promise<readonly string[] | null> {
  const migra = await loadMigra()
  if (migra === null) return null
  const { Migration } = migra
  const migration = await Migration.create(queryable(from, scope), queryable(to, scope), {
    ignore_extension_versions: true,
  })
  migration.set_safety(false)
  migration.add_all_changes(false)
  // What a body refers to may be made after it; the setting is made where the draft is written.
  return [...migration.statements].map((text) => text.trim()).filter((text) => !/^(set |select 1;)/.test(text))
}

async function loadMigra(): Promise<Migra | null> {
  try {
    // It is CommonJS: some loaders give its exports as the default one alone.
    const module = (await import('@pgkit/migra')) as unknown as Migra & { readonly default?: Migra }
    return module.default ?? module
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return null
    throw error
  }
}

function queryable(session: Session, scope: MigraScope): Queryable {
  const any = async (query: { readonly sql: string }): Promise<readonly Row[]> => {
    const rows = await session.query<Row>(query.sql)
    return rows.filter((row) => isWithin(row, scope))
  }
  return {
    any,
    oneFirst: async (query) => Object.values((await any(query))[0] ?? {})[0],
  }
}

/** Of a relation the row has its name, of an index, a constraint and the like that of its table. */
function isWithin(row: Row, { ignoredSchemas, isLeftOut }: MigraScope): boolean {
  const schema = String(row.schema ?? '')
  if (schema === LEDGER_SCHEMA || ignoredSchemas.includes(schema)) return false
  return !isLeftOut(schema, String(row.table_name ?? row.name ?? ''))
}
