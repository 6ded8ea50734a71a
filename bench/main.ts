/** `npm run bench [case] [--json]`: runs the benchmarks on an embedded server of their own. */

import { connect } from '../src/database.js'
import { filters } from './filters.js'

const cases = { filters } as const

const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const isJson = process.argv.includes('--json')
const unknown = names.find((name) => !(name in cases))
if (unknown !== undefined) {
  process.stderr.write(`no case ${unknown}; there are: ${Object.keys(cases).join(', ')}\n`)
  process.exit(64)
}

for (const [name, run] of Object.entries(cases)) {
  if (names.length > 0 && !names.includes(name)) continue
  const db = await connect({ url: 'embedded:temp', migrate: true, pool: { max: 4 } })
  try {
    await run(db, { isJson })
  } finally {
    await db.close()
  }
}
