/** The connection is lost around a write or a COMMIT, in four ways that look the same to the client. */

import { defaults } from '../../../src/config.js'
import { isCommit, isWrite } from '../../fixtures/protocol-watch.js'
import { runInArena } from '../arena.js'
import { type Fault, roundsOf } from '../fault.js'

/** Of each way, in the long form. */
const CUTS = 100

function cut(how: 'reset' | 'black-hole', when: 'before' | 'after', hasIds: boolean): Fault {
  const what = how === 'reset' ? 'dropped' : 'black-holed'
  const name = `${what} ${when} the server saw it${hasIds ? '' : ', without operation ids'}`
  return {
    name,
    run: (given) => {
      const context = { ...given, hasIds: given.hasIds && hasIds }
      const cuts = roundsOf(context, CUTS)
      // A caller whose connection is silent waits long: the others go on.
      const callers = how === 'reset' ? 16 : 32
      const options = { name, callers, proxy: true, pool: { acquireTimeoutMs: defaults.pool.acquireTimeoutMs } }
      return runInArena(context, options, async ({ load, proxy, broken, notes }) => {
        let [done, passed] = [0, 0]
        // Writes and COMMITs in turn, once in so many operations.
        const every = Math.floor((0.8 * context.operations) / cuts)
        proxy.onMessage((statement) => {
          const isDue = done % 2 === 0 ? isWrite(statement) : isCommit(statement)
          if (!isDue || done === cuts) return null
          passed += 1
          // Half of the operations are transactions, of two writes and a COMMIT.
          if (passed < every * (done % 2 === 0 ? 1.5 : 0.5)) return null
          passed = 0
          done += 1
          return { how, when }
        })
        await load.reached(1)
        proxy.onMessage(null)
        notes.push(`${done} cuts`)
        // A row whose fault did not strike has proven nothing.
        if (done < cuts) broken.push(`${done} cuts, not ${cuts}`)
      })
    },
  }
}

export const connectionCuts: readonly Fault[] = [true, false].flatMap((hasIds) => [
  cut('reset', 'before', hasIds),
  cut('reset', 'after', hasIds),
  cut('black-hole', 'before', hasIds),
  cut('black-hole', 'after', hasIds),
])
