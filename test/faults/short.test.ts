/** The short form of `npm run test:faults`: each fault strikes at least once. */

import t from 'tap'
import { allFaults } from './all.js'
import { CanaryWatch } from './canary.js'
import { canaryLines, runFault } from './run.js'

const OPERATIONS = 300

t.test('under faults', async (t) => {
  const canary = new CanaryWatch()
  for (const fault of allFaults) {
    t.test(`the promises are kept: ${fault.name}`, async (t) => {
      const { row, broken, notes } = await runFault(fault, { operations: OPERATIONS, hasIds: true, canary })
      t.strictSame(broken, [], notes.join('; '))
      t.ok(row.operations >= OPERATIONS, `${row.operations} operations`)
    })
  }

  t.test('no password and no value leaves the engine', async (t) => {
    t.strictSame(canary.hits, [], canaryLines(canary).join('; '))
  })
})
