import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { connect } from '../../src/database.js'
import { createTestDatabase } from '../fixtures/database.js'
import { run, urlOf } from './fixtures/command.js'

const ITEM = `-- Up Migration
CREATE TABLE item (item_id integer);
-- Down Migration
DROP TABLE item;
`
const BROKEN = `-- Up Migration
CREATE TABLE gift (gift_id integer);
ALTER TABLE gift ADD CONSTRAINT gift_item_id_fkey FOREIGN KEY (gift_id) REFERENCES item;
-- Down Migration
DROP TABLE gift;
`

/** Makes a project with migrations, by name. */
function projectWith(t: Test, migrations: Readonly<Record<string, string>>): string {
  return t.testdir({ 'pgtyped.config.json': '{}', 'package.json': '{"name":"shop"}', migrations })
}

t.test('migrate, in a project', async (t) => {
  t.test(
    'a failure of the application leaves nothing of its transaction, and says so with file and line',
    async (t) => {
      const cwd = projectWith(t, { '0001_item.sql': ITEM, '0002_gift.sql': BROKEN })
      const env = { DATABASE_URL: urlOf(await createTestDatabase(t)) }
      const { code, stdout, stderr } = await run(t, ['migrate', 'up'], { cwd, env })
      t.same([code, stdout], [1, ''])
      t.match(stderr, /^up project\/0001_item\nup project\/0002_gift\n/)
      t.match(stderr, /error 0002_gift\.sql:3 \(up\): .*; nothing of this run was kept/)
      t.equal((await run(t, ['migrate', 'up', '1'], { cwd, env })).code, 0)
      const left = await run(t, ['migrate', 'check', '--json'], { cwd, env })
      t.match(JSON.parse(left.stdout), { problems: [{ kind: 'pending', source: 'project', name: '0002_gift' }] })
    },
  )

  t.test('check and status name what was edited, renamed or is missing, and up refuses it', async (t) => {
    const cwd = projectWith(t, { '0001_item.sql': ITEM, '0002_other.sql': ITEM.replaceAll('item', 'other') })
    const env = { DATABASE_URL: urlOf(await createTestDatabase(t)) }
    t.equal((await run(t, ['migrate', 'up'], { cwd, env })).code, 0)
    writeFileSync(join(cwd, 'migrations/0001_item.sql'), ITEM.replace('integer', 'bigint'))
    rmSync(join(cwd, 'migrations/0002_other.sql'))
    const { code, stdout } = await run(t, ['migrate', 'check'], { cwd, env })
    t.equal(code, 1)
    t.match(stdout, /^edited project\/0001_item: 0001_item\.sql was edited after it was applied\n {2}what to do: /)
    t.match(stdout, '\nmissing project/0002_other: 0002_other is applied, and there is no such file\n  what to do: ')
    const status = await run(t, ['migrate', 'status', '--json'], { cwd, env })
    t.match(JSON.parse(status.stdout).applied.slice(-2), [{ file: 'edited' }, { file: 'missing', durationMs: Number }])
    const up = await run(t, ['migrate', 'up'], { cwd, env })
    t.match(up, { code: 1, stdout: '', stderr: /^error 2 problems, and nothing was run:\n/ })
    t.equal((await run(t, ['migrate', 'check', '--no-project'], { cwd, env })).code, 0)
  })

  t.test('the commands of the advice run as they are printed, and set it right', async (t) => {
    const changes: readonly [string, (folder: string) => void][] = [
      ['edited', (folder) => writeFileSync(join(folder, '0001_item.sql'), ITEM.replace('integer', 'bigint'))],
      ['missing', (folder) => rmSync(join(folder, '0001_item.sql'))],
      ['renamed', (folder) => renameSync(join(folder, '0001_item.sql'), join(folder, '0001_thing.sql'))],
      ['pending', (folder) => writeFileSync(join(folder, '0002_gift.sql'), ITEM.replaceAll('item', 'gift'))],
    ]
    for (const [kind, change] of changes) {
      const cwd = projectWith(t, { '0001_item.sql': ITEM })
      const env = { DATABASE_URL: urlOf(await createTestDatabase(t)) }
      t.equal((await run(t, ['migrate', 'up'], { cwd, env })).code, 0)
      change(join(cwd, 'migrations'))
      const { stdout } = await run(t, ['migrate', 'check'], { cwd, env })
      t.match(stdout, new RegExp(`^${kind} `))
      const commands = [...stdout.matchAll(/`ashlar ([^`]+)`/g)].map(([, words = '']) => words.split(' '))
      t.ok(commands.length > 0, kind)
      for (const args of commands) {
        const { code, stderr } = await run(t, args, { cwd, env })
        t.equal(code, 0, `${args.join(' ')}: ${stderr}`)
      }
      t.match(await run(t, ['migrate', 'check'], { cwd, env }), { code: 0 }, kind)
    }
    const project = join(projectWith(t, { '0001_item.sql': ITEM }), '.')
    const env = { DATABASE_URL: urlOf(await createTestDatabase(t)) }
    const { stdout } = await run(t, ['migrate', 'check', '--project', project], { env })
    t.match(stdout, `\`ashlar migrate up --project ${project}\``, 'of the project that was named')
  })

  t.test('is not left out of a database that has it, from another folder, but by --no-project', async (t) => {
    const cwd = projectWith(t, { '0001_item.sql': ITEM })
    const access = await createTestDatabase(t)
    const env = { DATABASE_URL: urlOf(access) }
    t.equal((await run(t, ['migrate', 'up'], { cwd, env })).code, 0)
    const check = await run(t, ['migrate', 'check'], { env })
    t.match(check, { code: 1, stdout: /^left-out app_migrations: public\.app_migrations lists migrations of an appli/ })
    t.match((await run(t, ['migrate', 'status'], { env })).stdout, /^left-out app_migrations: /m)
    const up = await run(t, ['migrate', 'up'], { env })
    t.match(up, { code: 1, stdout: '', stderr: /name the application's folder by --project FOLDER/ })
    for (const args of [['down'], ['redo'], ['down', '--no-project'], ['down', '2', '--dry-run', '--no-project']]) {
      const { code, stdout, stderr } = await run(t, ['migrate', ...args], { env })
      t.same([code, stdout], [1, ''], args.join(' '))
      t.match(stderr, /which stand on those of ashlar: revert them first, with its folder by --project FOLDER/)
    }
    const meant = await run(t, ['migrate', 'up', '--no-project'], { env })
    t.match(meant, { code: 0, stdout: 'nothing to apply\n' })
    const db = await connect({ ...access, migrate: true, pool: { min: 0, max: 1 } })
    await db.close()
    t.equal((await run(t, ['migrate', 'down', '--project', cwd], { env })).code, 0)
    t.equal((await run(t, ['migrate', 'check'], { env })).code, 0, 'an empty list is none')
  })

  t.test('tells on stderr who holds a lock while it tries again', async (t) => {
    const cwd = projectWith(t, { '0001_item.sql': ITEM })
    const access = await createTestDatabase(t)
    const env = { DATABASE_URL: urlOf(access) }
    t.equal((await run(t, ['migrate', 'up'], { cwd, env })).code, 0)
    const holder = await connect({ ...access, applicationName: 'report', pool: { min: 0, max: 1 } })
    const { code, stdout, stderr } = await holder.transaction(async (tx) => {
      await tx.query('LOCK TABLE item')
      const limits = ['--statement-lock-timeout-ms', '20', '--lock-retry-ms', '600', '--json']
      return run(t, ['migrate', 'down', ...limits], { cwd, env })
    })
    await holder.close()
    t.same([code, stdout], [1, ''])
    t.match(stderr, /^down project\/0001_item: no lock in attempt 1; undone, and tried again in \d+ ms$/m)
    // Who holds it is asked while an attempt waits, and may come too late for some of them.
    t.match(
      stderr,
      /^error 0001_item\.sql:4 \(down\): no lock within 20 ms in \d+ attempts over \d+ ms, held by process \d+ .*"report"/m,
    )
  })

  t.test('create writes the next number, which up refuses until it is filled in', async (t) => {
    const cwd = projectWith(t, { '0001_item.sql': ITEM })
    const env = { DATABASE_URL: urlOf(await createTestDatabase(t)) }
    for (const [args, file, refusal] of [
      [['add_gift'], '0002_add_gift.sql', /0002_add_gift\.sql:1: has an empty Up section/],
      [['add_index', '--no-transaction'], '0002_add_index.mjs', /0002_add_index\.mjs:\d+: syntax error at or near "<"/],
    ] as const) {
      const { code, stdout, stderr } = await run(t, ['migrate', 'create', ...args], { cwd })
      t.same([code, stdout], [0, `wrote migrations/${file}\n`])
      t.match(stderr, 'It is refused until it is filled in.')
      const up = await run(t, ['migrate', 'up'], { cwd, env })
      t.match(up, { code: 1, stdout: '', stderr: refusal })
      rmSync(join(cwd, 'migrations', file))
    }
    const json = await run(t, ['migrate', 'create', 'more', '--json', '--project', '.'], { cwd })
    t.same(JSON.parse(json.stdout), { file: 'migrations/0002_more.sql' })
    t.same(readdirSync(join(cwd, 'migrations')), ['0001_item.sql', '0002_more.sql'])
  })

  t.test('a folder with migrations alone is left out with a note, and taken by --project', async (t) => {
    const cwd = projectWith(t, { '0001_item.sql': ITEM })
    rmSync(join(cwd, 'pgtyped.config.json'))
    const env = { DATABASE_URL: urlOf(await createTestDatabase(t)) }
    const left = await run(t, ['migrate', 'check'], { cwd, env })
    t.equal(left.code, 0)
    t.match(left.stderr, 'migrations/ of this folder is left out: there is no pgtyped.config.json beside it')
    const taken = await run(t, ['migrate', 'check', '--project', '.'], { cwd, env })
    t.match(taken, { code: 1, stdout: /^pending project\/0001_item: /, stderr: '' })
    const health = await run(t, ['health', '--project', '.', '--json'], { cwd, env })
    const { checks } = JSON.parse(health.stdout)
    t.match(
      checks.find(({ name }: { name: string }) => name === 'migrations'),
      { ok: false, details: { pending: 1 } },
    )
    const check = await run(t, ['check', '--project', '.', '--json'], { cwd, env })
    t.match(JSON.parse(check.stdout).steps.at(-1), {
      name: 'migrations',
      outcome: 'failed',
      reason: 'pending: 0001_item',
    })
  })
})
