import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { connect } from '../../src/database.js'
import { createTestDatabase } from '../fixtures/database.js'
import { until } from '../fixtures/until.js'
import { run, start, urlOf } from './fixtures/command.js'

const folder = mkdtempSync(join(tmpdir(), 'ashlar-test-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const env = { NO_COLOR: '1' }

t.test('backup', async (t) => {
  const access = await createTestDatabase(t)

  t.test('refuses a URL in place of the file', async (t) => {
    const { code, stderr } = await run(t, ['backup', urlOf(access)], { env })
    t.equal(code, 1)
    t.match(stderr, 'file is a URL, but must be')
    t.notOk(stderr.includes(access.password))
  })

  t.test('says what to install when there is no pg_dump, and shows no password', async (t) => {
    const empty = t.testdir({})
    const env = { NO_COLOR: '1', DATABASE_URL: urlOf(access), ASHLAR_PG_BIN: empty }
    const { code, stdout, stderr } = await run(t, ['backup', join(empty, 'x.dump')], { env })
    t.equal(code, 1)
    t.equal(stdout, '')
    t.match(stderr, /pg_dump was not found in .*: install PostgreSQL's client programs.*\(ASHLAR_BACKUP\)/)
    t.notOk(stderr.includes(access.password))
    t.same(readdirSync(empty), [])
  })
})

t.test('backup and restore of an embedded server', async (t) => {
  const project = t.testdir({
    migrations: { '0001_x.sql': '-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 1;\n' },
  })
  await (await connect({ url: `embedded:${join(folder, 'source')}`, migrate: true, project, pool: { min: 0 } })).close()
  const url = `embedded:${join(folder, 'source')}`

  await t.test('leave nothing when they are interrupted', async (t) => {
    const interrupted = start(t, ['backup', join(folder, 'x.tgz'), '--url', url], { env })
    await until(() => interrupted.output().includes('archives its folder'))
    interrupted.send('SIGINT')
    t.equal((await interrupted.ended).code, 130)
    t.same(readdirSync(folder), ['source'])
  })

  await t.test('print what they did, as text and as JSON', async (t) => {
    const made = await run(t, ['backup', 'x.tgz', '--url', url, '--json'], { cwd: folder, env })
    t.equal(made.code, 0, made.stderr)
    const result = JSON.parse(made.stdout)
    t.match(result, { file: 'x.tgz', kind: 'folder', rows: null })
    t.same(Object.keys(result), ['file', 'bytes', 'kind', 'tables', 'rows', 'postgresVersion', 'durationMs'])
    const again = await run(t, ['backup', 'x.tgz', '--url', url], { cwd: folder, env })
    t.equal(again.code, 1)
    t.match(again.stderr, 'x.tgz is there already: name another file, or give --force')
    const restored = await run(t, ['restore', 'x.tgz', '--url', 'embedded:./copy'], { cwd: folder, env })
    t.equal(restored.code, 0, restored.stderr)
    t.match(
      restored.stdout,
      /^restored x\.tgz: \d+ tables of PostgreSQL 18\.\d+, [\d.]+ MB in [\d.]+ s\n\d+ migrations of ashlar and 1 of the application are applied\n$/,
    )
  })

  await t.test('refuse what is no backup', async (t) => {
    writeFileSync(join(folder, 'text'), 'no backup')
    const { code, stderr } = await run(t, ['restore', 'text', '--url', 'embedded:./none'], { cwd: folder, env })
    t.equal(code, 1)
    t.match(stderr, 'text is no backup')
  })
})
