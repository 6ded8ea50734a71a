import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import t from 'tap'
import { startEmbeddedServer } from '../../src/embedded/server.js'
import { ConfigError } from '../../src/errors.js'
import { ask, type Child, commandLines, makeFolder, runs, startChild, until } from './fixtures/processes.js'

// Other test files start temporary servers too, and each start looks for what was left over.
process.env.TMPDIR = makeFolder(t)
chmodSync(tmpdir(), 0o777)

t.test('a temporary server', async (t) => {
  const seen = new Set<string>()
  const looking = setInterval(() => {
    for (const line of commandLines()) seen.add(line)
  }, 20)
  const server = await startEmbeddedServer({ folder: 'temp', settings: { max_connections: 7 } })
  t.teardown(() => server.close())
  for (const line of commandLines()) seen.add(line)
  clearInterval(looking)

  t.test('takes connections as the superuser ashlar, in UTF8 and with a locale of its own', async (t) => {
    const rows = await ask(
      server,
      `SELECT current_user, rolsuper, current_database(), pg_encoding_to_char(encoding), datlocprovider, datlocale,
         current_setting('server_version_num')::int >= 180000
       FROM pg_database, pg_roles WHERE datname = current_database() AND rolname = current_user`,
    )
    t.same(rows, [['ashlar', true, 'ashlar', 'UTF8', 'b', 'C.UTF-8', true]])
  })

  t.test('listens on 127.0.0.1 alone and wants a password', async (t) => {
    const rows = await ask(
      server,
      `SELECT current_setting('listen_addresses'), current_setting('unix_socket_directories'),
         (SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'ashlar')`,
    )
    t.same(rows, [['127.0.0.1', '', true]])
    await t.rejects(ask({ port: server.port, password: 'another' }, 'SELECT 1'), { code: '28P01' })
  })

  t.test('writes nothing through to the disk and takes settings', async (t) => {
    const rows = await ask(
      server,
      `SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'),
         current_setting('max_connections')`,
    )
    t.same(rows, [['off', 'off', 'off', '7']])
  })

  t.test('shows its password nowhere', async (t) => {
    const shown = [
      inspect(server),
      inspect(server, { showHidden: true }),
      JSON.stringify(server),
      JSON.stringify({ ...server }),
    ]
    for (const text of shown) t.notMatch(text, server.password)
    t.ok([...seen].some((line) => line.includes('initdb')) || process.platform !== 'linux', 'initdb was seen at work')
    t.notOk([...seen].some((line) => line.includes(server.password)))
    t.notMatch(readFileSync(join(server.folder, 'server.log'), 'utf8'), server.password)
  })

  t.test('leaves no process and no folder when it closes, once or twice', async (t) => {
    t.ok(runs(server.pid))
    await Promise.all([server.close(), server.close()])
    t.notOk(runs(server.pid))
    t.notOk(existsSync(server.folder))
    t.equal(
      process.listeners('exit').filter(({ name }) => name === 'stopAll').length,
      0,
      'nothing is left for the exit',
    )
  })
})

t.test('the temporary servers of other processes', async (t) => {
  const start = () => startChild(t, { folder: 'temp' })
  const [leaving, killed, living] = [start(), start(), start()]
  const serverOf = async (child: Child) => (await child.report).server ?? { pid: 0, folder: '' }
  const [gone, left, used] = [await serverOf(leaving), await serverOf(killed), await serverOf(living)]

  t.test('end with a process that exits without closing them', async (t) => {
    await leaving.say('exit')
    await until(() => !runs(gone.pid), 'the server is gone')
    t.notOk(existsSync(gone.folder))
  })

  t.test('are removed by the next start when their process was killed, and not while it lives', async (t) => {
    await killed.kill()
    t.ok(runs(left.pid), 'the server survives the kill')
    const next = await startEmbeddedServer({ folder: 'temp' })
    t.notOk(runs(left.pid))
    t.notOk(existsSync(left.folder))
    t.ok(runs(used.pid))
    t.ok(existsSync(used.folder))
    await next.close()
    await living.say('close')
    t.notOk(runs(used.pid))
    t.same(
      readdirSync(tmpdir()).filter((name) => name.startsWith('ashlar-temp-')),
      [],
    )
  })
})

t.test('options that cannot be meant are refused by name', async (t) => {
  const refused = [
    [{ folder: '' }, 'embedded.folder'],
    [{ folder: 'temp', port: 70_000 }, 'embedded.port'],
    [{ folder: 'temp', startTimeoutMs: 0 }, 'embedded.startTimeoutMs'],
    [{ folder: 'temp', settings: { listen_addresses: '*' } }, 'embedded.settings.listen_addresses'],
  ] as const
  for (const [options, field] of refused) {
    await t.rejects(startEmbeddedServer(options), { name: ConfigError.name, field })
  }
})
