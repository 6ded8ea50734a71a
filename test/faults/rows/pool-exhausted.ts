/** Callers that keep what they have borrowed, or leave something open on it. */

import { AcquireTimeoutError } from '../../../src/errors.js'
import { runInArena } from '../arena.js'
import { type Fault, roundsOf, spread } from '../fault.js'

const MAX = 8

/** Transactions take all connections and do not end; then they do. */
export const leakedClients: Fault = {
  name: 'pool exhausted by leaked clients',
  run: (context) => {
    const pool = { max: MAX, acquireTimeoutMs: 100 }
    const options = { name: leakedClients.name, pool, recoveryLimitMs: 1_000 }
    return runInArena(context, options, async ({ db, load, broken, notes, recovered }) => {
      let shown = ''
      for (const part of spread(roundsOf(context, 3))) {
        await load.reached(part)
        let giveBack = (): void => {}
        const released = new Promise<void>((resolve) => {
          giveBack = resolve
        })
        let held = 0
        const leak = async (): Promise<void> => {
          // The others are after the same connections.
          while (held < MAX) {
            const keep = async (): Promise<void> => {
              held += 1
              await released
            }
            await db
              .transaction(async (tx) => {
                await tx.query('SELECT 1')
                await keep()
              })
              .catch(() => {})
          }
        }
        const leaks = Array.from({ length: MAX }, leak)
        const failure = await firstFailure(() => db.query('SELECT 1'))
        if (failure instanceof AcquireTimeoutError) shown = failure.message
        else broken.push(`an exhausted pool gave ${String(failure)}`)
        giveBack()
        await Promise.all(leaks)
        await recovered()
      }
      notes.push(`told: ${shown}`)
    })
  },
}

/** Gives the first error: there is none for as long as connections are left. */
async function firstFailure(call: () => Promise<unknown>): Promise<unknown> {
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    try {
      await call()
    } catch (error) {
      return error
    }
  }
  return null
}

/** Statements that open a transaction and leave it: the next borrower must not write into it. */
export const leakedTransactions: Fault = {
  name: 'leaked transaction',
  run: (context) =>
    runInArena(context, { name: leakedTransactions.name }, async ({ db, load, broken, notes }) => {
      const rounds = roundsOf(context, 200)
      let refused = 0
      for (const part of spread(rounds)) {
        await load.reached(part)
        await db.query('BEGIN').then(
          () => broken.push('BEGIN outside of transaction() was taken'),
          () => {
            refused += 1
          },
        )
      }
      notes.push(`${refused} transactions left open`)
    }),
}
