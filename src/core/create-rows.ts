/** Creates many rows of a table: few by one INSERT, many by COPY. */

import type { Executor } from '../engine/executor.js'
import { errorOfLoad } from '../engine/load-error.js'
import { type Lookup, lookupMany } from '../engine/lookup.js'
import { QueryError, RowCountError } from '../errors.js'
import { newIds } from '../generated/core/id.queries.js'

/** Fewest rows that are created by COPY. Time of the INSERT by that of COPY, medians and bests on a busy machine: contexts
 *  0.9 at 300 rows, 1.1 at 1,000 to 5,000, 1.2 at 10,000 (707 against 870 ms, best 642 against 779); modifications 0.9, 1.0 at
 *  1,000, 1.05 to 1.1 at 2,000, 1.1 at 5,000, 1.2 at 10,000. What is left is the table's indexes and the checks of the
 *  input. COPY takes four round trips more: at 1,000 rows a network would eat what it gains, 6 ms and 0.5 ms. */
const COPY_ROWS = 2_000

/** COPY is refused for a table with row-level security (0A000), and it takes rights that the INSERT does without (42501): to
 *  name the id, and to make ids. */
const COPY_REFUSED: ReadonlySet<string | null> = new Set(['0A000', '42501'])

/** Rows for one table. */
export interface NewRows<Row> {
  /** The name of the INSERT, which errors have either way. */
  readonly query: string
  readonly table: string
  readonly idColumn: string
  /** By id. */
  readonly lookup: Lookup<string, Row>
  /** Values by columns, all of them of the same columns. */
  readonly records: readonly Readonly<Record<string, unknown>>[]
  /** For each record the text by whose bytes the INSERT sorts: in that order rows are locked either way. */
  readonly sortKeys: readonly string[]
  /** Runs the INSERT, and gives the rows in the order of the records. */
  insert(): Promise<Row[]>
}

/** Creates rows, all or none, and gives them in the order of the records. In a transaction always by INSERT: three statements
 *  in a savepoint would refuse all that is sent beside them, and a failure would leave the transaction usable, which that of
 *  the INSERT does not; neither may hang on the number of rows. With an operation id, too: a
 *  transaction is known by that alone, and its result is kept with the name of each column in each row. */
export async function createRows<Row>(db: Executor, rows: NewRows<Row>): Promise<Row[]> {
  if (db.isInTransaction || db.isOnce || rows.records.length < COPY_ROWS) return rows.insert()
  const order = sortedPlaces(rows.sortKeys)
  try {
    return await db.transaction((tx) => load(tx, rows, order))
  } catch (error) {
    if (error instanceof QueryError && COPY_REFUSED.has(error.sqlState)) return rows.insert()
    throw errorOfLoad(error, rows.query, order)
  }
}

async function load<Row>(tx: Executor, rows: NewRows<Row>, order: readonly number[]): Promise<Row[]> {
  const { query, table, idColumn, lookup, records } = rows
  const ids = (await tx.run(newIds, { count: records.length })).map(({ id }) => id)
  const columns = Object.keys(records[0] ?? {})
  const values = order.map((place) => [ids[place], ...columns.map((column) => records[place]?.[column])])
  await tx.copyInto(table, [idColumn, ...columns], values)
  const created = (await lookupMany(tx, lookup, ids)).filter((row) => row !== null)
  // A trigger of somebody's has left rows out, or given them other ids.
  if (created.length < ids.length) throw new RowCountError(query, `${ids.length} rows`, created.length)
  return created
}

/** Gives the places of keys in the order of their bytes in UTF-8, which is that of COLLATE "C". */
function sortedPlaces(keys: readonly string[]): number[] {
  // A character for each byte: strings are compared by characters, and faster than buffers.
  const bytes = keys.map((key) => Buffer.from(key).toString('latin1'))
  return bytes.map((_, place) => place).sort((one, other) => compare(bytes[one] as string, bytes[other] as string))
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
