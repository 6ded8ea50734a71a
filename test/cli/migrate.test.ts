import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ownMigrations } from '../../src/migrate/files.js'
import { createTestDatabase } from '../fixtures/database.js'
import { run, urlOf } from './fixtures/command.js'

const access = await createTestDatabase(t, null)
const env = { DATABASE_URL: urlOf(access) }
const names = readdirSync(ownMigrations)
  .map((file) => file.replace(/\.sql$/, ''))
  .sort()
const [first = '', ...later] = names
const last = names.at(-1) ?? ''
const beforeLast = names.at(-2) ?? ''

const withoutTimes = (text: string) => text.replace(/\(\d+ ms\)/g, '(n ms)')

/** Each test begins where the one before it ended: with an empty database, at first. */
t.test('migrate', async (t) => {
  t.test('status --json lists all migrations as pending, and changes nothing', async (t) => {
    const { code, stdout, stderr } = await run(t, ['migrate', 'status', '--json'], { env })
    t.same([code, stderr], [0, ''])
    const pending = names.map((name) => ({ source: 'ashlar', name }))
    t.same(JSON.parse(stdout), { applied: [], pending, problems: [] })
  })

  t.test('check fails, names each that is pending, and says once what to do', async (t) => {
    const { code, stdout } = await run(t, ['migrate', 'check'], { env })
    t.equal(code, 1)
    const lines = names.map((name) => `pending ${name}: ${name}.sql is not applied`)
    t.equal(stdout, `${lines.join('\n')}\n  what to do: apply it: \`ashlar migrate up\`\n`)
  })

  t.test('down and redo find nothing to revert', async (t) => {
    for (const action of ['down', 'redo']) {
      const { code, stdout, stderr } = await run(t, ['migrate', action], { env })
      t.same([code, stdout, stderr], [0, 'nothing to revert\n', ''])
    }
  })

  t.test('up --dry-run prints a script, and applies nothing', async (t) => {
    const { code, stdout, stderr } = await run(t, ['migrate', 'up', '1', '--dry-run'], { env })
    t.same([code, stderr], [0, ''])
    t.match(stdout, /\\set ON_ERROR_STOP on\n(.*\n)+BEGIN;\n\n-- up ashlar\/0001_core\n(.*\n)+\nCOMMIT;\n$/)
    const json = await run(t, ['migrate', 'up', '2', '--dry-run', '--json'], { env })
    t.match(JSON.parse(json.stdout), {
      action: 'up',
      dryRun: true,
      migrations: [{ source: 'ashlar', name: first, direction: 'up', sql: /^CREATE / }, { name: names[1] }],
    })
    t.equal((await run(t, ['migrate', 'history'], { env })).stdout, 'nothing is recorded\n')
  })

  t.test('up --json with a count prints one document, and its progress on stderr', async (t) => {
    const { code, stdout, stderr } = await run(t, ['migrate', 'up', '1', '--json'], { env })
    t.equal(code, 0)
    const { action, migrations } = JSON.parse(stdout)
    t.match([action, migrations], ['up', [{ source: 'ashlar', name: first, direction: 'up', durationMs: Number }]])
    t.equal(migrations.length, 1)
    t.equal(stderr, `up ${first}\n`)
  })

  t.test('up to NAME and up --to NAME apply all up to it; a name that is none is wrong usage', async (t) => {
    const wrong = await run(t, ['migrate', 'up', 'to', '0000_none'], { env })
    t.equal(wrong.code, 64)
    t.match(wrong.stderr, 'to is 0000_none, but must be the name of a migration')
    const { code, stdout } = await run(t, ['migrate', 'up', 'to', `${names[1]}.sql`], { env })
    t.same([code, withoutTimes(stdout)], [0, `applied ${names[1]} (n ms)\n`])
    const again = await run(t, ['migrate', 'up', '--to', names[1] ?? ''], { env })
    t.same([again.code, again.stdout], [0, 'nothing to apply\n'])
  })

  t.test('up applies the others, and tells how long each took', async (t) => {
    const { code, stdout, stderr } = await run(t, ['migrate', 'up'], { env })
    const rest = later.slice(1)
    t.same([code, withoutTimes(stdout)], [0, rest.map((name) => `applied ${name} (n ms)\n`).join('')])
    t.equal(stderr, rest.map((name) => `up ${name}\n`).join(''))
  })

  t.test('up finds nothing pending, and --url wins over the environment', async (t) => {
    const { code, stdout, stderr } = await run(t, ['migrate', 'up', '--url', urlOf(access)], {
      env: { DATABASE_URL: urlOf(access, { port: 1 }) },
    })
    t.same([code, stdout, stderr], [0, 'nothing to apply\n', ''])
    const checked = await run(t, ['migrate', 'check'], { env })
    t.same([checked.code, checked.stdout], [0, 'ok the database is as the migrations say\n'])
  })

  t.test('status tells when each was applied, by whom, how long it took, and how its file is', async (t) => {
    const { code, stdout } = await run(t, ['migrate', 'status'], { env })
    t.equal(code, 0)
    const [head, ...lines] = stdout.trimEnd().split('\n')
    t.match(head, /^state +migration +applied at +by +took +file$/)
    t.equal(lines.length, names.length)
    for (const [index, line] of lines.entries()) {
      const [state, name, at = '', by, took, file] = line.split(/ {2,}/)
      t.match([state, name, by, took, file], ['applied', names[index], access.user, /^\d+ ms$/, 'same'])
      t.ok(Math.abs(Date.now() - Date.parse(at)) < 600_000, line)
    }
  })

  t.test('redo reverts the latest and applies it again; down to NAME leaves that', async (t) => {
    const redone = await run(t, ['migrate', 'redo'], { env })
    t.same([redone.code, withoutTimes(redone.stdout)], [0, `reverted ${last} (n ms)\napplied ${last} (n ms)\n`])
    const { code, stdout } = await run(t, ['migrate', 'down', 'to', beforeLast, '--json'], { env })
    t.equal(code, 0)
    t.match(JSON.parse(stdout), { action: 'down', migrations: [{ name: last, direction: 'down' }] })
  })

  t.test('stamp records what is pending without running it, and history tells of all that was', async (t) => {
    const unsaid = await run(t, ['migrate', 'stamp'], { env })
    t.match(unsaid, { code: 64, stdout: '', stderr: 'say which: NAME..., to NAME, or --all' })
    const both = await run(t, ['migrate', 'stamp', last, '--all'], { env })
    t.match(both, { code: 64, stdout: '', stderr: 'say it in one way' })
    const { code, stdout } = await run(t, ['migrate', 'stamp', '--all'], { env })
    t.same([code, stdout], [0, `recorded ${last}\n`])
    const again = await run(t, ['migrate', 'stamp', 'to', last, '--json'], { env })
    t.same(JSON.parse(again.stdout), { action: 'stamp', migrations: [] })
    const history = await run(t, ['migrate', 'history'], { env })
    const events = history.stdout.trimEnd().split('\n').slice(-5)
    t.same(
      events.map((line) => line.split(/ {2,}/).slice(1, 3)),
      [
        ['applied', last],
        ['reverted', last],
        ['applied', last],
        ['reverted', last],
        ['recorded', last],
      ],
    )
  })

  t.test('unstamp forgets it, and stamp NAME records it again', async (t) => {
    const none = await run(t, ['migrate', 'unstamp', '0000_none'], { env })
    t.match(none, { code: 64, stderr: '0000_none, but must be the name of a migration that is recorded as applied' })
    const { code, stdout } = await run(t, ['migrate', 'unstamp', `${last}.sql`], { env })
    t.same([code, stdout], [0, `struck out ${last}\n`])
    t.match(await run(t, ['migrate', 'check'], { env }), { code: 1, stdout: `pending ${last}: ` })
    const again = await run(t, ['migrate', 'stamp', `ashlar/${last}`, '--json'], { env })
    t.match(JSON.parse(again.stdout), { action: 'stamp', migrations: [{ name: last, direction: 'up' }] })
  })

  t.test('nothing but up makes an embedded database', async (t) => {
    const folder = join(t.testdir({}), 'none')
    const cases = ['status', 'down', 'check'].flatMap((action) => [folder, 'temp'].map((place) => [action, place]))
    await Promise.all(
      cases.map(async ([action = '', place]) => {
        const { code, stdout, stderr } = await run(t, ['migrate', action, '--url', `embedded:${place}`])
        t.same([code, stdout], [1, ''])
        t.match(stderr, `url is embedded:${place}, where there is no database yet`)
      }),
    )
    t.notOk(existsSync(folder))
  })
})
