/** Tables change under live traffic. */

import type { Database } from '../../../src/database.js'
import { Query } from '../../../src/engine/query.js'
import { runInArena } from '../arena.js'
import { type Fault, roundsOf, spread } from '../fault.js'
import type { Operation } from '../ledger.js'
import { execute, NotBegun, readById, WrongAnswer } from '../operations.js'

const wide = readById<{ thingId: number; size: number }>(
  'wide',
  'SELECT thing_id, size FROM thing WHERE thing_id = :id',
  'int4',
)
const grown = readById<{ grownId: number }>('grown', 'SELECT * FROM grown WHERE grown_id = :id', 'int4')
const narrow = readById<{ size: number }>('narrow', 'SELECT size FROM thing WHERE thing_id = :id', 'int4')
const resize = new Query<{ id: number }, { size: number }>(
  'resize',
  {
    statement: 'UPDATE thing SET size = size + 1 WHERE thing_id = :id RETURNING size',
    params: [{ name: 'id', required: true, transform: { type: 'scalar' }, locs: [{ a: 50, b: 52 }] }],
  },
  { parameterTypes: { id: 'int4' } },
)
const THINGS = 200

/** Prepared reads and writes whose result types change, and an operation. */
async function touch(db: Database, operation: Operation, hasId: boolean): Promise<void> {
  const id = 1 + Math.floor(Math.random() * THINGS)
  const [all, [one], [changed], inTransaction, [row]] = await Promise.all([
    db.run(wide, { id }),
    db.run(narrow, { id }),
    db.run(resize, { id }),
    db.transaction(async (tx) => {
      await tx.run(narrow, { id })
      return tx.run(wide, { id })
    }),
    db.run(grown, { id: 1 }),
  ]).catch((error) => {
    throw new NotBegun(error)
  })
  const numbers = [all[0]?.size, one?.size, changed?.size, inTransaction[0]?.size, row?.grownId]
  if (!numbers.every((each) => typeof each === 'number')) throw new NotBegun(new WrongAnswer('a size is no number'))
  await execute(db, operation, hasId)
}

export const schemaChange: Fault = {
  name: 'schema change under traffic',
  run: (context) => {
    const sql = [
      'CREATE TABLE thing (thing_id int PRIMARY KEY, size int NOT NULL, note text)',
      'CREATE TABLE grown (grown_id int PRIMARY KEY)',
      'INSERT INTO grown VALUES (1)',
      `INSERT INTO thing SELECT id, 0, 'note' FROM generate_series(1, ${THINGS}) AS id`,
    ]
    const options = { name: schemaChange.name, callers: 64, sql, execute: touch, mustNotFail: true }
    return runInArena(context, options, async ({ load, sql, notes, db }) => {
      let changes = 0
      for (const part of spread(roundsOf(context, 5))) {
        await load.reached(part)
        await sql(`ALTER TABLE grown ADD COLUMN added_${changes} text DEFAULT 'new'`)
        changes += 1
        for (const change of [
          `ADD COLUMN added_${changes} text DEFAULT 'new'`,
          `DROP COLUMN added_${changes}`,
          `ALTER COLUMN size TYPE bigint`,
          `ALTER COLUMN size TYPE int`,
        ]) {
          await sql(`ALTER TABLE thing ${change}`)
          changes += 1
        }
      }
      notes.push(`${changes} changes, ${db.stats().events['plan-repaired'] ?? 0} plans repaired`)
    })
  },
}
