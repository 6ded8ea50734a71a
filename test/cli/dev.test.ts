import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { connect } from '../../src/database.js'
import { makeFolder, runs } from '../embedded/fixtures/processes.js'
import { until } from '../fixtures/until.js'
import { type Command, start } from './fixtures/command.js'

const cwd = makeFolder(t)
// The last line of stdout and that of stderr: they come by two pipes.
const ready = (dev: Command) => until(() => /psql -h/.test(dev.output()) && /Ctrl-C/.test(dev.output()))
const stateIn = (folder: string) => JSON.parse(readFileSync(join(cwd, folder, 'server.json'), 'utf8'))

/** Processes that work in a folder or below; none off Linux. */
function processesIn(folder: string): readonly number[] {
  const pids = process.platform === 'linux' ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : []
  return pids.map(Number).filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder) && runs(pid)
    } catch {
      return false
    }
  })
}

t.test('dev', async (t) => {
  const dev = start(t, ['dev'], { cwd })
  await ready(dev)
  const { pid, port, password } = stateIn('.ashlar')
  const psql = `PGPASSFILE=${join(cwd, '.ashlar/pgpass')} psql -h 127.0.0.1 -p ${port} -U ashlar ashlar`

  t.test('prints how to reach the server, and not its password', async (t) => {
    t.equal(
      dev.output(),
      [
        'ready PostgreSQL of ./.ashlar, migrated',
        '  DATABASE_URL=embedded:./.ashlar   for programs that use ashlar',
        `  postgres://ashlar@127.0.0.1:${port}/ashlar   (--show-password completes it)`,
        `  ${psql}`,
        'Ctrl-C stops it; the data stays.\n',
      ].join('\n'),
    )
    t.notMatch(dev.output(), password)
  })

  t.test('serves programs, which leave it running', async (t) => {
    const db = await connect(`embedded:${join(cwd, '.ashlar')}`)
    t.match(await db.health(), { status: 'healthy' })
    t.equal(db.server.port, port)
    await db.close()
    t.ok(runs(pid))
  })

  t.test('prints a psql command that works', async (t) => {
    if (spawnSync('sh', ['-c', 'command -v psql']).status !== 0) {
      t.comment('psql is not installed')
      return
    }
    const { stdout } = await promisify(execFile)('sh', ['-c', `${psql} -AtXc 'SELECT 6 * 7'`], { cwd })
    t.equal(stdout, '42\n')
  })

  t.test('stops its server at Ctrl-C, also when it comes twice, and exits 0', async (t) => {
    dev.send('SIGINT')
    dev.send('SIGINT')
    t.match(await dev.ended, { code: 0 })
    t.notOk(runs(pid))
    t.match(stateIn('.ashlar'), { pid: null, ownerPid: null, port })
  })
})

t.test('dev three times on one folder', async (t) => {
  const owner = start(t, ['dev', 'my server', '--json', '--show-password'], { cwd })
  await ready(owner)
  const { pid, port, password } = stateIn('my server')
  const second = start(t, ['dev', 'my server'], { cwd })
  const third = start(t, ['dev', 'my server'], { cwd })
  await Promise.all([ready(second), ready(third)])

  t.test('says that the server is not its own, and quotes what a shell would take apart', async (t) => {
    t.match(second.output(), "DATABASE_URL='embedded:my server'")
    t.match(second.output(), `PGPASSFILE='${join(cwd, 'my server/pgpass')}' psql`)
    t.match(second.output(), 'Another process runs this server and stops it at its own end.')
  })

  t.test('leaves the server of another at its end, here because its terminal was closed', async (t) => {
    second.send('SIGHUP')
    t.match(await second.ended, { code: 0 })
    t.ok(runs(pid))
  })

  t.test(
    'stops its own server at SIGTERM; --json --show-password printed one document with the password',
    async (t) => {
      owner.send('SIGTERM')
      const { code, stdout, stderr } = await owner.ended
      t.same([code, stderr], [0, 'Ctrl-C stops it; the data stays.\n'])
      t.notOk(runs(pid))
      t.same(JSON.parse(stdout), {
        migrated: true,
        ashlarUrl: 'embedded:my server',
        url: `postgres://ashlar:${password}@127.0.0.1:${port}/ashlar`,
        psql: `PGPASSFILE='${join(cwd, 'my server/pgpass')}' psql -h 127.0.0.1 -p ${port} -U ashlar ashlar`,
      })
    },
  )

  t.test('ends with a message when the server of another does', async (t) => {
    const { code, stderr } = await third.ended
    t.equal(code, 1)
    t.match(stderr, 'error the server ended with the process that runs it, or by itself: see ')
  })
})

t.test('dev that is interrupted while it makes the server', async (t) => {
  const folder = join(cwd, 'interrupted')
  const dev = start(t, ['dev', folder], { cwd })
  await until(() => existsSync(join(folder, 'server.json')))
  dev.send('SIGINT')
  t.match(await dev.ended, { code: 130, stdout: '', stderr: '' })
  await until(() => processesIn(folder).length === 0)
})

t.test('dev refuses to keep the data in a temporary server', async (t) => {
  const { code, stderr } = await start(t, ['dev', 'temp'], { cwd }).ended
  t.equal(code, 1)
  t.match(stderr, 'error folder is temp, but must be one that stays; write ./temp for one of that name')
})

t.test('dev beside a malformed migration starts, and tells what is wrong', async (t) => {
  const project = t.testdir({ migrations: { '0001_a.sql': 'SELECT 1;' } })
  const dev = start(t, ['dev', 'malformed', '--project', project], { cwd })
  await ready(dev)
  t.match(dev.output(), /^ready PostgreSQL of malformed, not migrated$/m)
  t.match(dev.output(), /^not migrated 0001_a\.sql: has no line `-- Up Migration`; nothing was run$/m)
  dev.send('SIGINT')
  t.match(await dev.ended, { code: 0 })
})
