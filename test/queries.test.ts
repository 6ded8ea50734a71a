/** Every query in sql/ has a test block of its name, in the tests of its repository, and every block its query. */

import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('..', import.meta.url))

for (const domain of readdirSync(`${root}/sql`)) {
  for (const file of readdirSync(`${root}/sql/${domain}`)) {
    t.test(`sql/${domain}/${file}`, async (t) => {
      const sql = readFileSync(`${root}/sql/${domain}/${file}`, 'utf8')
      const names = [...sql.matchAll(/@name (\w+)/g)].map((match) => match[1])
      t.ok(names.length > 0)
      const stem = file.replace('.sql', '').replaceAll('_', '-')
      const tests = readdirSync(`${root}/test/${domain}`).filter((name) => name.startsWith(stem))
      const code = tests.map((name) => readFileSync(`${root}/test/${domain}/${name}`, 'utf8')).join('\n')
      const blocks = [...code.matchAll(/^t\.test\('([a-z]\w*)',/gm)].map((match) => match[1])
      t.same(
        names.filter((name) => !blocks.includes(name)),
        [],
        'queries without a test',
      )
    })
  }
}

t.test('src/errors.ts', async (t) => {
  t.test('has no error that no test throws', async (t) => {
    const errors = readFileSync(`${root}/src/errors.ts`, 'utf8')
    const thrown = [...errors.matchAll(/^export class (\w+Error)/gm)].map((match) => String(match[1]))
    const tests = readdirSync(`${root}/test`, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.test.ts'),
    )
    const code = tests.map((name) => readFileSync(`${root}/test/${name}`, 'utf8')).join('\n')
    const isExpected = (name: string): boolean => code.includes(`name: '${name}'`) || code.includes(`, ${name})`)
    t.same(
      thrown.filter((name) => !isExpected(name)),
      [],
    )
  })
})
