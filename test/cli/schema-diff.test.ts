import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import t from 'tap'
import { diffSchema } from '../../src/review/drift/schema-diff.js'
import { createTestDatabase, type DatabaseAccess } from '../fixtures/database.js'
import { target } from '../fixtures/template.js'
import { run, urlOf } from './fixtures/command.js'

async function change(access: DatabaseAccess, sql: string): Promise<void> {
  const client = new pg.Client(access)
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

t.test('schema diff', async (t) => {
  t.test('names by-hand changes, and writes a draft that makes a migrated database equal', async (t) => {
    const [live, other] = [await createTestDatabase(t), await createTestDatabase(t)]
    const sql = `ALTER TABLE registry.service ADD COLUMN rack text; CREATE INDEX service_rack_idx ON registry.service (rack);
      ALTER TYPE agent.modification_status ADD VALUE 'paused'; COMMENT ON TABLE agent.template IS 'Mine.';
      CREATE FUNCTION public.one() RETURNS int LANGUAGE sql AS 'SELECT 1'`
    await change(live, sql)
    const output = join(t.testdir(), 'draft.sql')
    const outcome = await run(t, ['schema', 'diff', '--url', urlOf(live), '--output', output])
    t.equal(outcome.code, 1, outcome.stderr)
    for (const line of [
      /^extra +column registry\.service\.rack$/m,
      /^extra +index registry\.service_rack_idx$/m,
      /^changed +enum agent\.modification_status$/m,
      /^extra +function public\.one\(\)$/m,
      /^changed +table agent\.template\n +comment: .* -> Mine\.$/m,
      /: 5 differences from what the migrations yield \([\d.]+ s\)$/m,
    ]) {
      t.match(outcome.stdout, line)
    }
    t.match(outcome.stderr, 'Up: tried, leaves no difference\nDown: tried, leaves 1:\n  changed enum')
    t.match(outcome.stderr, '`ashlar migrate stamp to NAME`')
    t.notMatch(outcome.stdout + outcome.stderr, live.password)
    await change(other, readFileSync(output, 'utf8').split('-- Down Migration')[0] ?? '')
    // On the tests' server: a command starts one of its own.
    const differencesOf = async (access: DatabaseAccess): Promise<unknown> => {
      const own = await createTestDatabase(t)
      const open = async () => ({ server: target(own, own.database), close: async () => {} })
      const diff = await diffSchema(null, target(access, access.database), { draft: false }, open)
      return diff.differences.map(({ change, kind, name, parts }) => ({ change, kind, name, parts }))
    }
    const first = await differencesOf(live)
    t.equal((first as readonly unknown[]).length, 5)
    t.same(await differencesOf(other), first)
    const again = await run(t, ['schema', 'diff', '--url', urlOf(live), '--output', output])
    t.match(again, { code: 1, stderr: /draft\.sql is there already/ })
    const undo = await run(t, ['schema', 'diff', '--undo', '--sql-only', '--url', urlOf(live)])
    t.match(undo.stdout, /^\n-- Draft, to review: takes database [\s\S]*\nBEGIN;\n[\s\S]*\nCOMMIT;\n$/)
    t.notMatch(undo.stdout, /(Up|Down) Migration/)
    t.match(undo.stderr, /^Script: tried, leaves 1:\n {2}changed enum/)
  })

  t.test('exits 0 when nothing differs, and says what is pending first', async (t) => {
    const access = await createTestDatabase(t)
    const url = ['--url', urlOf(access)]
    t.match(await run(t, ['schema', 'diff', ...url]), { code: 0, stdout: / equal to what the migrations yield/ })
    await run(t, ['migrate', 'down', '1', ...url])
    const outcome = await run(t, ['schema', 'diff', ...url])
    t.equal(outcome.code, 1)
    t.match(outcome.stderr, /^pending 0013_track_services: run `ashlar migrate up` first\n/)
    t.notMatch(outcome.stdout, 'Up Migration')
  })

  t.test('tells a database without migrations to be migrated', async (t) => {
    const outcome = await run(t, ['schema', 'diff', '--url', urlOf(await createTestDatabase(t, null))])
    t.match(outcome, { code: 1, stdout: '', stderr: /none of the migrations: run `ashlar migrate up` first/ })
  })

  t.test('refuses options that cannot go together, and a database that is not there', async (t) => {
    t.equal((await run(t, ['schema', 'diff', '--no-sql', '--undo'])).code, 64)
    t.equal((await run(t, ['schema', 'diff', '--sql-only', '--json'])).code, 64)
    const folder = join(t.testdir(), 'none')
    t.match(await run(t, ['schema', 'diff', '--url', `embedded:${folder}`]), { code: 1, stderr: /no database yet/ })
  })
})
