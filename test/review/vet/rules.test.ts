import { readFileSync } from 'node:fs'
import { Client } from 'pg'
import t from 'tap'
import { ownTexts, prepareTexts } from '../../../src/review/vet/own-sql.js'
import { rules, ruleTexts } from '../../../src/review/vet/rules.js'
import { createTestDatabase } from '../../fixtures/database.js'

t.test('rules', async (t) => {
  t.test('stand in docs/vet.md, each with why it is there', async (t) => {
    const text = readFileSync(new URL('../../../docs/vet.md', import.meta.url), 'utf8')
    const rows = [...text.matchAll(/^\| `([a-z-]+)` \| (.*) \|$/gm)].map(([, name, why]) => ({ name, why }))
    t.same(rows, ruleTexts)
  })

  t.test('have names of their own, and say why in one sentence', async (t) => {
    t.equal(new Set(ruleTexts.map(({ name }) => name)).size, rules.length + 2)
    for (const { name, why } of ruleTexts) t.match(`${name} ${why}`, /^[a-z-]+ [A-Z].*[^.]\.$/)
  })
})

t.test('prepareTexts', async (t) => {
  const client = new Client(await createTestDatabase(t))
  await client.connect()
  t.teardown(() => client.end())

  t.test('finds nothing in what ashlar itself sends', async (t) => {
    t.ok(ownTexts().length > 30)
    t.same(await prepareTexts(client, ownTexts()), [])
  })

  t.test('finds a text that the server refuses', async (t) => {
    const texts = [{ file: 'src/a.ts', name: 'lost', text: 'SELECT gone FROM core.operation' }]
    t.match(await prepareTexts(client, texts), [
      { rule: 'prepare', file: 'src/a.ts', subject: 'lost', message: /gone/ },
    ])
  })
})
