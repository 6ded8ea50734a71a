/** What only the planner finds. */

import { type Client, DatabaseError } from 'pg'
import type { Statement } from '../../engine/statement.js'

const NO_ARBITER = '42P10'
const NAME = 'ashlar_verify'

/** Plans a statement without values, and gives the server's words when no unique index serves its ON CONFLICT: parsing
 *  does not look for one. Nothing is executed; what the planner locks is free again at once. Other refusals, such as a
 *  missing right of this role, are no matter of the schema. */
export async function refusesConflictTarget(client: Client, { text, bindings }: Statement): Promise<string | null> {
  const values = bindings.length === 0 ? '' : ` (${bindings.map(() => 'NULL').join(', ')})`
  await client.query('BEGIN READ ONLY')
  try {
    await client.query(`PREPARE ${NAME} AS ${text}`)
    await client.query(`EXPLAIN EXECUTE ${NAME}${values}`)
    return null
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    return error.code === NO_ARBITER ? error.message : null
  } finally {
    await client.query('ROLLBACK')
    await client.query('DEALLOCATE ALL')
  }
}
