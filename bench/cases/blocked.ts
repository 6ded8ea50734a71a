/** A transaction holds a row while others want to read and to change it: what the reads wait. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { fewContenders } from '../contenders/all.js'
import type { Able } from '../contenders/contender.js'
import type { Figures } from '../measure/result.js'
import { type BenchCase, having, runCase } from './bench-case.js'
import { assertEqualItems } from './lookup.js'

const CONNECTIONS = 10
const HOLD_MS = 300
const UPDATES = 8
const READERS = 16
const ITEM = 1

/** The longest wait of a read, in ms, and how many calls settled. Every call must. */
export const blocked: BenchCase = async (context) => {
  const result = await runCase<Readers>(context, {
    measure: { case: 'blocked', unit: 'ms', better: 'lower' },
    contenders: fewContenders,
    connections: CONNECTIONS,
    can: having('findItem', 'touchItem'),
    assertEqual: assertEqualItems,
    warmUp: (work) => Promise.all(Array.from({ length: CONNECTIONS * 4 }, () => work.findItem(ITEM))),
    run: (work) => hold(context.server.admin, work),
    schedule: { rounds: 5, slices: 1 },
  })
  return [result]
}

type Readers = Able<'findItem' | 'touchItem'>

/** The row is held by a connection that is nobody's. */
async function hold(admin: Client, work: Readers): Promise<Figures> {
  await admin.query('BEGIN')
  await admin.query('SELECT FROM bench.item WHERE item_id = $1 FOR UPDATE', [ITEM])
  let isHeld = true
  let longest = 0
  let settled = 0
  const updates = Array.from({ length: UPDATES }, async () => {
    await work.touchItem(ITEM)
    settled += 1
  })
  const readers = Array.from({ length: READERS }, async (_, reader) => {
    for (let turn = 0; isHeld; turn += 1) {
      const startedAt = performance.now()
      await work.findItem(turn % 2 === 0 ? ITEM : reader + 2)
      longest = Math.max(longest, performance.now() - startedAt)
      settled += 1
    }
  })
  await sleep(HOLD_MS)
  isHeld = false
  await admin.query('COMMIT')
  await Promise.all([...updates, ...readers])
  return { figure: longest, extras: { settled } }
}
