/** Every query in sql/ has a test block of its name, in the tests of its repository, and every block its query. */

import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { repositoryFunctions } from '../src/repositories.js'

const root = fileURLToPath(new URL('..', import.meta.url))

for (const domain of readdirSync(`${root}/sql`)) {
  for (const file of readdirSync(`${root}/sql/${domain}`)) {
    t.test(`sql/${domain}/${file}`, async (t) => {
      const sql = readFileSync(`${root}/sql/${domain}/${file}`, 'utf8')
      const names = [...sql.matchAll(/@name (\w+)/g)].map((match) => match[1])
      t.ok(names.length > 0)
      const stem = file.replace('.sql', '').replaceAll('_', '-')
      const tests = readdirSync(`${root}/test/${domain}`, { recursive: true, encoding: 'utf8' }).filter(
        (name) => name.startsWith(stem) && name.endsWith('.test.ts'),
      )
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

/** The lines of a query that its filters switch on: not those that seek a page or set a new value. */
function filterLines(statement: string): string[] {
  return statement
    .split('\n')
    .map((line) => line.trim().replace(/\s+--/, ' --'))
    .filter((line) => /^(AND|OR) .* -- @if/.test(line) && !/@if (order=|cursor|maxRows)/.test(line))
}

function markOf(line: string): string {
  return line.slice(line.indexOf('-- @if'))
}

t.test('the filters of a list', async (t) => {
  for (const domain of readdirSync(`${root}/sql`)) {
    // What every domain shares is no table.
    if (domain === 'core') continue
    for (const file of readdirSync(`${root}/sql/${domain}`)) {
      const statements = readFileSync(`${root}/sql/${domain}/${file}`, 'utf8').split('/* @name ')
      const named = new Map(statements.map((text) => [/^\w+/.exec(text)?.[0] ?? '', filterLines(text)]))
      const [list, lines] = [...named].find(([name]) => name.startsWith('list')) ?? []
      t.ok(lines !== undefined && lines.length > 0, `${file} has a list with filters`)
      // A query of another shape may have filters of its own, by other names.
      const marks = new Set(lines?.map(markOf))
      for (const [name, others] of named) {
        if (others.some((line) => marks.has(markOf(line)))) t.same(others, lines, `${name} has those of ${list}`)
      }
    }
  }
})

t.test('every repository', async (t) => {
  for (const [name, functions] of Object.entries(repositoryFunctions)) {
    // What the engine and triggers write is only looked at, and cleaned up.
    if (['changes', 'operations', 'partitions'].includes(name)) continue
    const common = ['find', 'get', 'exists', 'create', 'update', 'updateMany', 'delete', 'deleteMany', 'list', 'count']
    t.same(
      common.filter((each) => !functions.includes(each)),
      [],
      `${name} has what all have`,
    )
  }
})

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
