import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { lintRules } from '../../../src/review/lint/rules.js'
import { excludedSquawkRules } from '../../../src/review/lint/squawk.js'

const docs = readFileSync(fileURLToPath(new URL('../../../docs/lint.md', import.meta.url)), 'utf8')

t.test('docs/lint.md lists all rules, and those of squawk that are not asked', async (t) => {
  const rows = [...docs.matchAll(/^\| `([a-z-]+)` \| (.*) \|$/gm)].map(([, name, text]) => `${name}: ${text}`)
  t.same(rows, [
    ...lintRules.map(({ name, asks }) => `${name}: ${asks}`),
    ...Object.entries(excludedSquawkRules).map(([name, why]) => `${name}: ${why}`),
  ])
})
