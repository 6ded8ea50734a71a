/** What the catalogue says of a database's objects, and the parser of their conditions. */

import type { Client } from 'pg'
import type { ServerParser } from '../../generate/tools.js'
import type { Objects } from './relation/reader.js'
import { readRoutines } from './routines.js'
import { readTables } from './tables.js'
import { field, type Node, nodesNamed } from './tree.js'

/** Reads tables, functions and operators. */
export async function readObjects(client: Client, parser: ServerParser): Promise<Objects> {
  const tables = await readTables(client)
  const predicates = new Map<string, Node>()
  for (const predicate of tables.predicates) {
    const select = nodesNamed(await parser.parse(`SELECT WHERE ${predicate}`), 'SelectStmt')[0] ?? {}
    const condition = field(select, 'whereClause')
    if (condition !== null) predicates.set(predicate, condition)
  }
  return { tables, routines: await readRoutines(client), predicates }
}
