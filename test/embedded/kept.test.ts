import { chownSync, cpSync, existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startEmbeddedServer } from '../../src/embedded/server.js'
import { ask, failure, makeFolder, runs, startChild, until } from './fixtures/processes.js'

const stateOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'server.json'), 'utf8'))

t.test('a kept folder', async (t) => {
  const folder = join(makeFolder(t), 'below', 'server')

  t.test('holds private files and a server that writes through to the disk', async (t) => {
    const server = await startEmbeddedServer({ folder })
    t.equal(server.origin, 'started')
    t.equal(server.folder, folder)
    for (const name of ['server.json', 'server.log', 'pgpass']) {
      t.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
    }
    t.equal(readFileSync(join(folder, '.gitignore'), 'utf8'), '*\n')
    t.equal(readFileSync(join(folder, 'pgpass'), 'utf8'), `127.0.0.1:${server.port}:*:ashlar:${server.password}\n`)
    t.match(stateOf(folder), { pid: server.pid, port: server.port, ownerPid: process.pid, temp: false })
    t.same(await ask(server, `SELECT current_setting('fsync')`), [['on']])
    await ask(server, 'CREATE TABLE kept AS SELECT 1 AS one')
    await server.close()
    t.notOk(runs(server.pid))
  })

  t.test('keeps its data, its password and its port over a restart', async (t) => {
    const before = stateOf(folder)
    t.match(before, { pid: null, ownerPid: null })
    const server = await startEmbeddedServer({ folder })
    t.equal(server.password, before.password)
    t.equal(server.port, before.port)
    t.same(await ask(server, 'SELECT one FROM kept'), [[1]])
    await server.close()
  })

  t.test('is borrowed by a second process and by a second call', async (t) => {
    const server = await startEmbeddedServer({ folder })
    const child = startChild(t, { folder })
    t.match((await child.report).server, { pid: server.pid, port: server.port, origin: 'borrowed' })
    await child.say('close')
    const again = await startEmbeddedServer({ folder })
    t.equal(again.origin, 'borrowed')
    await again.close()
    t.same(await ask(server, 'SELECT one FROM kept'), [[1]], 'closing a borrowed server leaves it running')
    await t.rejects(
      startEmbeddedServer({ folder, port: server.port === 5000 ? 5001 : 5000 }),
      failure('folder-in-use', `runs on port ${server.port}`),
    )
    await server.close()
  })

  t.test('ends its server when the owner exits, and starts again at once', async (t) => {
    const child = startChild(t, { folder })
    const pid = (await child.report).server?.pid ?? 0
    await child.say('exit')
    const server = await startEmbeddedServer({ folder })
    t.equal(server.origin, 'started')
    t.notOk(runs(pid))
    await server.close()
  })

  t.test('gives the server of a killed owner to the next start', async (t) => {
    const child = startChild(t, { folder })
    const left = (await child.report).server
    await child.kill()
    const server = await startEmbeddedServer({ folder })
    t.match(server, { origin: 'adopted', pid: left?.pid, port: left?.port })
    t.match(stateOf(folder), { pid: server.pid, ownerPid: process.pid })
    t.same(await ask(server, 'SELECT one FROM kept'), [[1]])
    await server.close()
    t.notOk(runs(server.pid))
    t.equal(stateOf(folder).pid, null)
  })

  t.test('stops a left-over server that does not answer, and starts anew', async (t) => {
    const child = startChild(t, { folder })
    const left = (await child.report).server
    await child.kill()
    const file = join(folder, 'data', 'postmaster.pid')
    writeFileSync(file, readFileSync(file, 'utf8').replace(String(left?.port), '1'))
    const server = await startEmbeddedServer({ folder })
    t.equal(server.origin, 'started')
    t.notOk(runs(left?.pid ?? 0))
    t.same(await ask(server, 'SELECT one FROM kept'), [[1]])
    await server.close()
  })

  t.test('starts a server again that was killed, beside the handle of the dead one', async (t) => {
    const dead = await startEmbeddedServer({ folder })
    process.kill(dead.pid, 'SIGKILL')
    await until(() => !runs(dead.pid), 'the server is gone')
    const server = await startEmbeddedServer({ folder })
    t.equal(server.origin, 'started')
    await dead.close()
    t.match(stateOf(folder), { pid: server.pid })
    t.same(await ask(server, 'SELECT one FROM kept'), [[1]])
    await server.close()
  })

  t.test('may be copied while its server runs: the copy has a server of its own', async (t) => {
    const server = await startEmbeddedServer({ folder })
    const copy = join(makeFolder(t), 'copy')
    await ask(server, 'CHECKPOINT')
    cpSync(folder, copy, { recursive: true, preserveTimestamps: true })
    const { uid, gid } = statSync(join(folder, 'data'))
    for (const name of readdirSync(copy, { recursive: true })) {
      if (String(name).startsWith('data')) chownSync(join(copy, String(name)), uid, gid)
    }
    const other = await startEmbeddedServer({ folder: copy })
    t.equal(other.origin, 'started')
    t.not(other.pid, server.pid)
    t.same(await ask(other, 'SELECT one FROM kept'), [[1]])
    await other.close()
    t.same(await ask(server, 'SELECT one FROM kept'), [[1]])
    await server.close()
  })

  t.test('takes over the locks of processes that died', async (t) => {
    const lock = join(folder, 'lock')
    const gone = startChild(t, { folder })
    await gone.kill()
    for (const text of [`token\n${gone.process.pid}\n`, '']) {
      writeFileSync(lock, text)
      utimesSync(lock, 1, 1)
      writeFileSync(`${lock}.takeover`, text)
      utimesSync(`${lock}.takeover`, 1, 1)
      const server = await startEmbeddedServer({ folder })
      t.notOk(existsSync(lock))
      await server.close()
    }
    writeFileSync(lock, `token\n${process.pid}\n`)
    await t.rejects(
      startEmbeddedServer({ folder, startTimeoutMs: 200 }),
      failure('folder-in-use', `process ${process.pid}`),
    )
  })
})

t.test('a start whose initdb was killed half-way is done again', async (t) => {
  const folder = join(makeFolder(t), 'server')
  const child = startChild(t, { folder })
  const partial = () => {
    const names = existsSync(folder) ? readdirSync(folder) : []
    return names.find((name) => name.startsWith('data.partial-') && existsSync(join(folder, name, 'PG_VERSION')))
  }
  await until(() => partial() !== undefined, 'initdb is at work')
  await child.kill()
  t.notOk(existsSync(join(folder, 'data')))
  const server = await startEmbeddedServer({ folder })
  t.same(await ask(server, 'SELECT 1'), [[1]])
  await server.close()
})

t.test('eight starts at once give one server', async (t) => {
  const folder = join(makeFolder(t), 'server')
  const children = Array.from({ length: 3 }, () => startChild(t, { folder }))
  const calls = await Promise.all(Array.from({ length: 5 }, () => startEmbeddedServer({ folder })))
  const reports = await Promise.all(children.map(({ report }) => report))
  const all = [...calls, ...reports.map(({ server }) => server)]
  t.equal(new Set(all.map((server) => server?.pid)).size, 1)
  t.same(all.map((server) => server?.origin).sort(), [...Array(7).fill('borrowed'), 'started'])
  await Promise.all(children.map((child) => child.say('close')))
  await Promise.all(calls.map((server) => server.close()))
  await until(() => !runs(calls[0]?.pid ?? 0), 'the server is gone')
})
