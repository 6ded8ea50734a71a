/** `npm run test:faults [-- --json] [--only NAME] [--operations N]`: all faults under load, with full accounting. */

import { parseArgs } from 'node:util'
import { allFaults } from './all.js'
import { CanaryWatch } from './canary.js'
import type { FaultResult } from './fault.js'
import { canaryLines, runFault } from './run.js'
import { accountsOf, tableOf } from './table.js'

const { values } = parseArgs({
  options: {
    /** Prints the accounts as one JSON array, last. */
    json: { type: 'boolean', default: false },
    /** Part of a fault's name; several are taken. */
    only: { type: 'string', multiple: true, default: [] },
    /** For each fault. */
    operations: { type: 'string', default: '5000' },
    /** Operations have no operation ids: what is unknown stays so. */
    plain: { type: 'boolean', default: false },
  },
})
const operations = Number(values.operations)
const chosen = allFaults.filter(
  ({ name }) => values.only.length === 0 || values.only.some((part) => name.includes(part)),
)
if (!Number.isInteger(operations) || operations < 100 || chosen.length === 0) {
  process.stderr.write('--operations takes an integer from 100, --only a part of:\n')
  process.stderr.write(`${allFaults.map(({ name }) => `  ${name}`).join('\n')}\n`)
  process.exit(2)
}

// Servers end with the process, when it ends by itself.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const canary = new CanaryWatch()
const results: FaultResult[] = []
for (const fault of chosen) {
  const result = await runFault(fault, { operations, hasIds: !values.plain, canary })
  results.push(result)
  const lines = [...result.notes, ...result.broken.map((promise) => `BROKEN: ${promise}`)]
  process.stdout.write(`${fault.name}\n${lines.map((line) => `  ${line}\n`).join('')}`)
}
const rows = results.map(({ row }) => accountsOf(row))
const isKept = results.every(({ broken }) => broken.length === 0) && canary.hits.length === 0
process.stdout.write(`\n${canaryLines(canary).join('\n')}\n`)
process.stdout.write(values.json ? `${JSON.stringify(rows, null, 2)}\n` : `\n${tableOf(rows)}\n`)
// Whatever a broken engine has left open must not keep the process.
process.stdout.write('', () => process.exit(isKept ? 0 : 1))
