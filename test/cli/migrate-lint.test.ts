import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { makeFolder } from '../embedded/fixtures/processes.js'
import { run } from './fixtures/command.js'
import { writeFiles } from './fixtures/files.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

const FAULT = `-- Up Migration
-- Why: a new size. Locks: none that stops anybody. Old code: not affected.

UPDATE shop.size SET label = NULL;

-- Down Migration

SELECT 1;
`

t.test('migrate lint', async (t) => {
  t.test("exits 0 when all is well, as with ashlar's own", async (t) => {
    const cwd = makeFolder(t)
    cpSync(join(root, 'migrations'), join(cwd, 'migrations'), { recursive: true })
    const { code, stdout, stderr } = await run(t, ['migrate', 'lint'], { cwd })
    t.same([code, stdout, stderr], [0, '13 migrations: clean\n', ''])
  })

  t.test('exits 1 with file, line, rule and what to do', async (t) => {
    const cwd = makeFolder(t)
    writeFiles(cwd, { 'shop/migrations/0001_size.sql': FAULT.replaceAll('\n', '\r\n') })
    const { code, stdout } = await run(t, ['migrate', 'lint', 'shop'], { cwd })
    t.equal(code, 1)
    t.match(
      stdout,
      /^migrations\/0001_size\.sql:4 shop\.size: UPDATE of every row .* \(all-rows\)\n {2}what to do: bound it by WHERE/,
    )
    t.match(stdout, /\n1 migration: 1 to mend\n$/)
  })

  t.test('names a malformed file once', async (t) => {
    const cwd = makeFolder(t)
    writeFiles(cwd, { 'migrations/0001_size.sql': 'SELECT 1;' })
    const { code, stdout } = await run(t, ['migrate', 'lint'], { cwd })
    t.equal(code, 1)
    t.match(stdout, /^migrations\/0001_size\.sql: has no line `-- Up Migration` \(form\)\n/)
  })

  t.test('prints JSON', async (t) => {
    const cwd = makeFolder(t)
    writeFiles(cwd, { 'migrations/0001_size.sql': FAULT })
    const { code, stdout } = await run(t, ['migrate', 'lint', '--json'], { cwd })
    t.equal(code, 1)
    t.match(JSON.parse(stdout), {
      migrations: 1,
      findings: [{ rule: 'all-rows', file: 'migrations/0001_size.sql', line: 4, subject: 'shop.size' }],
    })
  })

  t.test('is quiet about a fault that a comment accounts for', async (t) => {
    const cwd = makeFolder(t)
    const accounted = FAULT.replace('UPDATE', '-- @lint-off all-rows: twelve rows\nUPDATE')
    writeFiles(cwd, { 'migrations/0001_size.sql': accounted })
    const { code, stdout } = await run(t, ['migrate', 'lint'], { cwd })
    t.same([code, stdout], [0, '1 migration: clean\n'])
  })

  t.test('takes a folder without migrations for clean, and says when there is none', async (t) => {
    const cwd = makeFolder(t)
    writeFiles(cwd, { 'migrations/.gitkeep': '' })
    const empty = await run(t, ['migrate', 'lint'], { cwd })
    t.same([empty.code, empty.stdout], [0, '0 migrations: clean\n'])
    const none = await run(t, ['migrate', 'lint', 'nowhere'], { cwd })
    t.equal(none.code, 1)
    t.match(none.stderr, /the migrations folder .*nowhere.migrations cannot be read \(ENOENT\)/)
  })
})
