/** Transactions that the server aborts in masses, because of each other. */

import type { Database } from '../../../src/database.js'
import { runInArena } from '../arena.js'
import type { Fault } from '../fault.js'
import type { Operation } from '../ledger.js'

const ROWS = 6
const SQL = [
  'CREATE TABLE counter (counter_id int PRIMARY KEY, value int NOT NULL)',
  `INSERT INTO counter SELECT id, 0 FROM generate_series(1, ${ROWS}) AS id`,
]
const ADD = 'UPDATE counter SET value = value + 1 WHERE counter_id = $1'
const INSERT = 'INSERT INTO fault_row (id, part, marker) VALUES ($1, $2, $3)'

/** Both parts: the books know some operations as transactions. */
async function insert(tx: Pick<Database, 'query'>, { id, form, marker }: Operation): Promise<void> {
  await tx.query(INSERT, [id, 0, marker])
  if (form === 'transaction') await tx.query(INSERT, [id, 1, marker])
}

/** Reads the counter and writes it: two at a time cannot both be right. */
async function count(db: Database, operation: Operation, hasId: boolean): Promise<void> {
  await db.transaction(
    async (tx) => {
      const [row] = await tx.query<{ value: number }>('SELECT value FROM counter WHERE counter_id = 1')
      await tx.query('UPDATE counter SET value = $1 WHERE counter_id = 1', [(row?.value ?? 0) + 1])
      await insert(tx, operation)
    },
    { isolation: 'serializable', ...(hasId ? { operationId: operation.id } : {}) },
  )
}

/** Locks two of six rows, in the one order or the other. */
async function cross(db: Database, operation: Operation, hasId: boolean): Promise<void> {
  const first = 1 + Math.floor(Math.random() * ROWS)
  const second = 1 + ((first + Math.floor(Math.random() * (ROWS - 1))) % ROWS)
  await db.transaction(
    async (tx) => {
      await tx.query(ADD, [first])
      await tx.query(ADD, [second])
      await insert(tx, operation)
    },
    hasId ? { operationId: operation.id } : {},
  )
}

/** `sum`: what each operation adds to all counters together. */
function storm(name: string, execute: typeof count, sum: number, settings: Readonly<Record<string, string>>): Fault {
  return {
    name,
    run: (context) => {
      const options = { name, settings, execute, sql: SQL, mustNotFail: true }
      return runInArena(context, options, async ({ load, ledger, sql, broken, notes, db }) => {
        await load.reached(1)
        await load.finish(60_000)
        const [row] = await sql('SELECT sum(value)::int AS value FROM counter')
        const right = sum * ledger.count('acked')
        if (row?.value !== right) broken.push(`the counters have ${row?.value}, not ${right}`)
        const { retry = 0, 'retry-exhausted': exhausted = 0 } = db.stats().events
        notes.push(`${ledger.issued + retry} attempts, ${exhausted} given up`)
      })
    },
  }
}

export const serializationStorm = storm('serialization storm', count, 1, {})
// The server looks for deadlocks after so long, and aborts one of the two.
export const deadlockStorm = storm('deadlock storm', cross, 2, { deadlock_timeout: '5ms' })
