import t from 'tap'
import { makeProject } from '../review/vet/fixtures/project.js'
import { run } from './fixtures/command.js'

const SQL =
  '/* @name findItem */\nSELECT name FROM shop.item WHERE item_id = :id!;\n\n/* @name listItems */\nSELECT\n  name\nFROM shop.item;\n'

t.test('vet', async (t) => {
  const cwd = makeProject(t, SQL, { findItem: true, listItems: true })

  t.test('prints each finding with its place and what to do, then how much it looked at, and exits 1', async (t) => {
    const { code, stdout } = await run(t, ['vet'], { cwd })
    t.equal(code, 1)
    t.match(stdout, /^sql\/shop\.sql:5 listItems: nothing bounds .* \(unbounded\)\n {2}what to do: add ORDER BY/)
    t.match(stdout, /^2 queries, 2 variants prepared, \d+ rules, [\d.]+ s: 1 finding$/m)
  })

  t.test('exits 0 when what it is asked to look at is clean, and prints JSON for programs', async (t) => {
    const { code, stdout } = await run(t, ['vet', cwd, '--query', 'findItem', '--rule', 'unbounded', '--json'])
    t.equal(code, 0)
    t.match(JSON.parse(stdout), { findings: [], queries: 1, variants: 1, rules: ['unbounded', 'vet-off'] })
  })

  t.test('lists the rules without a project', async (t) => {
    const { code, stdout } = await run(t, ['vet', '--rules'])
    t.equal(code, 0)
    t.match(stdout, /^prepare +The server refuses/)
  })

  t.test('refuses a rule that there is not, and names one like it', async (t) => {
    const { code, stdout, stderr } = await run(t, ['vet', '--rule', 'ofset'], { cwd })
    t.same([code, stdout], [64, ''])
    t.match(stderr, 'error: there is no rule ofset (did you mean offset?)')
  })

  t.test('refuses a query that there is not as wrong usage, too', async (t) => {
    const { code, stdout, stderr } = await run(t, ['vet', '--query', 'nope'], { cwd })
    t.same([code, stdout], [64, ''])
    t.match(stderr, /nope.*findItem, listItems/)
    t.match(stderr, 'Usage: ashlar vet')
  })
})
