/** What a database's schema consists of, as the catalogue tells it. */

/** What an object is called in `COMMENT ON`, enums apart. */
export type ObjectKind =
  | 'aggregate'
  | 'column'
  | 'constraint'
  | 'domain'
  | 'enum'
  | 'extension'
  | 'foreign table'
  | 'function'
  | 'index'
  | 'materialized view'
  | 'policy'
  | 'procedure'
  | 'rule'
  | 'schema'
  | 'sequence'
  | 'statistics'
  | 'table'
  | 'trigger'
  | 'type'
  | 'view'

/** One object. Its owner is not told: that is a matter of each server. */
export interface SchemaObject {
  readonly kind: ObjectKind
  /** As SQL writes it, with its schema and quoted where it must be: `core.change_log`, `core.new_id()`,
   *  `core.change_log.row_id`, `service_port_range ON registry.service`. */
  readonly name: string
  /** The table or the schema that it goes with when that is dropped; null for a schema or an extension. */
  readonly parent: string | null
  /** What is compared, by name; what is as PostgreSQL makes it when nothing is said is left out. */
  readonly parts: Readonly<Record<string, string>>
  /** The statement that makes it; null where parts are not enough to tell. Not compared. */
  readonly sql: string | null
}

/** The part of a table that lists its columns, as JSON: compared only as to columns that both sides have. */
export const COLUMN_ORDER = 'order of columns'
