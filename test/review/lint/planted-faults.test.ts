import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { lintMigrations } from '../../../src/review/lint/lint.js'
import { parseSection } from '../../../src/review/lint/migration.js'
import { columnType } from '../../../src/review/lint/rules/column-type.js'
import { schemaName } from '../../../src/review/lint/rules/schema-name.js'
import { lintRules } from '../../../src/review/lint/rules.js'
import { ownFaults, type PlantedFault, squawkFaults } from './fixtures/planted-faults.js'

const migrations = fileURLToPath(new URL('../../../migrations', import.meta.url))

function lineOf({ line, text }: PlantedFault): number {
  return line ?? text.split('\n').findIndex((content) => content.endsWith('-- here')) + 1
}

t.test('each planted fault is found in its file at its line, and nothing else', async (t) => {
  const project = t.testdir({})
  cpSync(migrations, join(project, 'migrations'), { recursive: true })
  const faults = [...ownFaults, ...squawkFaults].map((fault, index) => {
    const file = `migrations/${String(index + 100).padStart(4, '0')}_${fault.name}`
    writeFileSync(join(project, file), fault.text)
    return { ...fault, file }
  })
  const report = await lintMigrations(project)
  const found = report.findings.map(({ file, line, rule }) => `${file}:${line} ${rule}`)
  t.same(found, faults.map((fault) => `${fault.file}:${lineOf(fault)} ${fault.rule}`).sort())
  t.equal(report.migrations, 13 + faults.length)
  for (const { message, advice } of report.findings) t.ok(message.length > 10 && advice.length > 5)
})

t.test('there is a fault for every rule', async (t) => {
  const planted = new Set(ownFaults.map(({ rule }) => rule))
  t.same([...planted].sort(), ['form', 'lint-off', ...lintRules.map(({ name }) => name)].sort())
})

t.test('names the column whose type is changed', async (t) => {
  const up = await parseSection('ALTER TABLE shop.item ADD COLUMN a json, ALTER COLUMN sold_at TYPE timestamptz;')
  const hits = columnType.check({ file: '', name: '', isSql: true, text: '', up, down: up })
  t.same(
    hits.map(({ subject }) => subject),
    ['shop.item.a', 'shop.item.sold_at'],
  )
})

t.test('asks no schema of temporary tables, and of others that have their name in the other section', async (t) => {
  const up = await parseSection(
    'CREATE TEMPORARY TABLE old AS SELECT name FROM shop.item; SELECT name FROM old; DROP TABLE old;',
  )
  const down = await parseSection('SELECT name FROM old;')
  const hits = schemaName.check({ file: '', name: '', isSql: true, text: '', up, down })
  t.same(
    hits.map(({ subject, line }) => `${line} ${subject}`),
    ['1 old'],
  )
})
