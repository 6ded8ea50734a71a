/** The statements of the fault tests. */

import type { Database } from '../../src/database.js'
import { Query } from '../../src/engine/query.js'
import type { Operation, StoredRow } from './ledger.js'

/** No key on `id`: what is stored twice must be seen to be. */
export const TABLE = 'CREATE TABLE fault_row (row_id bigserial PRIMARY KEY, id uuid, part int, marker text)'
export const INDEX = 'CREATE INDEX fault_row_id_idx ON fault_row (id)'
export const ALL_ROWS = 'SELECT id::text, part, marker FROM fault_row'

const INSERT = 'INSERT INTO fault_row (id, part, marker) VALUES ($1, $2, $3) RETURNING id::text, part, marker'

/** Makes a read of raw text, marked as the generator would; `:id` is its only parameter. */
export function readById<Result>(name: string, statement: string, type: string): Query<{ id: unknown }, Result> {
  const locs = [...statement.matchAll(/:id\b/g)].map(({ index }) => ({ a: index, b: index + 2 }))
  const params = [{ name: 'id', required: true, transform: { type: 'scalar' }, locs }]
  return new Query(name, { statement, params }, { read: true, parameterTypes: { id: type } })
}

const findMarker = readById<{ marker: string }>(
  'findMarker',
  'SELECT marker FROM fault_row WHERE id = :id AND part = 0',
  'uuid',
)

/** Executes an operation, exactly once with an operation id. @throws {Error} when it is answered by another's row */
export async function execute(db: Database, operation: Operation, hasId: boolean): Promise<void> {
  const { id, form, marker } = operation
  const options = hasId ? { operationId: id } : {}
  const insert = (on: Pick<Database, 'query'>, part: number): Promise<StoredRow[]> =>
    on.query<StoredRow>(INSERT, [id, part, marker])
  const rows =
    form === 'statement'
      ? await insert(db.with(options), 0)
      : // Not awaited one by one: they travel together.
        await db.transaction(async (tx) => (await Promise.all([insert(tx, 0), insert(tx, 1)]))[0], options)
  const [row] = rows ?? []
  if (rows?.length !== 1 || row?.id !== id || row.part !== 0 || row.marker !== marker) {
    throw new WrongAnswer(`${form}: answered by ${JSON.stringify(rows?.length)} rows, or by another's`)
  }
}

/** Reads back, on a shared lane, what was stored. @throws {WrongAnswer} when it is not there */
export async function readBack(db: Database, { id, marker }: Operation): Promise<void> {
  const rows = await db.run(findMarker, { id })
  if (rows.length === 0 || rows.some((row) => row.marker !== marker)) throw new WrongAnswer('a read found another row')
}

/** The engine gave what is not so. */
export class WrongAnswer extends Error {}

/** Something failed before the operation was begun. */
export class NotBegun extends Error {
  constructor(cause: unknown) {
    super('not begun', { cause })
  }
}
