import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { runnableBinaries } from '../../src/embedded/binaries.js'
import { findPlatformPackage } from '../../src/embedded/platform-package.js'
import { startEmbeddedServer } from '../../src/embedded/server.js'
import { findServerUser } from '../../src/embedded/server-user.js'
import { ask, failure, makeFolder, startChild } from './fixtures/processes.js'

const isRoot = process.getuid?.() === 0
const whenRoot = { skip: isRoot ? false : 'this process is not root, so there is no other user to run as' }

/** As root: `nobody`, when it can read this repository. Otherwise null: the tests themselves run as an ordinary user. */
function ordinaryUser(): number | null {
  const user = isRoot ? findServerUser(undefined) : null
  if (user === null) return null
  try {
    const file = fileURLToPath(new URL('./fixtures/run-server.ts', import.meta.url))
    execFileSync(process.execPath, ['-e', 'fs.readFileSync(process.argv[1])', file], {
      uid: user.uid,
      gid: user.gid,
      stdio: 'ignore',
      cwd: '/',
    })
    return user.uid
  } catch {
    return null
  }
}

t.test('as root', whenRoot, async (t) => {
  t.test('the server runs as nobody, also below a folder that nobody else may enter', async (t) => {
    const closed = makeFolder(t)
    chmodSync(closed, 0o700)
    const server = await startEmbeddedServer({ folder: join(closed, 'server'), settings: { work_mem: '64kB' } })
    const nobody = findServerUser('nobody')
    t.equal(statSync(join(server.folder, 'data')).uid, nobody?.uid)
    if (process.platform === 'linux') t.equal(statSync(`/proc/${server.pid}`).uid, nobody?.uid)
    // Each of these opens files by another way: a new database, an extension's script, a sort on disk, a checkpoint.
    await ask(server, 'CREATE DATABASE other')
    await ask(server, 'CREATE EXTENSION pg_trgm')
    const rows = await ask(
      server,
      'SELECT count(*)::int FROM (SELECT g FROM generate_series(1, 50000) g ORDER BY -g) s',
    )
    t.same(rows, [[50_000]])
    await ask(server, 'CHECKPOINT')
    await server.close()
  })

  t.test('a user that is missing or is root itself is refused', async (t) => {
    await t.rejects(startEmbeddedServer({ folder: 'temp', user: 'no such user' }), failure('no-user'))
    process.env.ASHLAR_EMBEDDED_USER = 'root'
    t.teardown(() => delete process.env.ASHLAR_EMBEDDED_USER)
    await t.rejects(startEmbeddedServer({ folder: 'temp' }), failure('no-user', 'root'))
  })

  t.test('binaries that the user cannot reach are copied once to a folder of root', async (t) => {
    const user = findServerUser(undefined)
    const closed = makeFolder(t)
    chmodSync(closed, 0o700)
    symlinkSync(findPlatformPackage().native, join(closed, 'native'))
    const found = { ...findPlatformPackage(), native: join(closed, 'native') }
    const open = makeFolder(t)
    chmodSync(open, 0o755)
    const cache = join(open, 'cache')
    const copied = await runnableBinaries(found, user, cache)
    t.match(copied.postgres, cache)
    t.equal(copied.major, 18)
    const made = statSync(copied.postgres).ino
    t.equal(statSync((await runnableBinaries(found, user, cache)).postgres).ino, made)
    t.equal(readdirSync(cache).length, 1)

    t.test('unless another user could have put them there', async (t) => {
      const [name = ''] = readdirSync(cache)
      chownSync(join(cache, name), user?.uid ?? 0, 0)
      await t.rejects(runnableBinaries(found, user, cache), failure('binaries-unreadable', 'only root'))
      chownSync(join(cache, name), 0, 0)
      chmodSync(cache, 0o777)
      await t.rejects(runnableBinaries(found, user, cache), failure('binaries-unreadable', 'only root'))
      symlinkSync(cache, join(open, 'link'))
      await t.rejects(runnableBinaries(found, user, join(open, 'link')), failure('binaries-unreadable'))
    })
  })

  t.test('binaries that do not run at all say why', async (t) => {
    const found = { ...findPlatformPackage(), native: makeFolder(t) }
    await t.rejects(runnableBinaries(found, findServerUser(undefined)), failure('binaries-unreadable'))
  })
})

t.test('as an ordinary user', async (t) => {
  const uid = ordinaryUser()
  const home = makeFolder(t)
  chmodSync(home, 0o777)
  const denied = join(makeFolder(t), 'denied')
  mkdirSync(denied)
  chmodSync(join(denied, '..'), 0o755)
  chmodSync(denied, 0o555)

  if (isRoot && uid === null) {
    t.comment('nobody cannot read this repository, so nothing can be started as an ordinary user from here')
    t.notOk(existsSync(join(denied, 'server')))
    return
  }
  const as = uid === null ? {} : { uid }
  const env = { HOME: home, TMPDIR: home }

  t.test('the server runs as that user', async (t) => {
    const options = [{ folder: 'temp' }, { folder: join(home, 'kept') }]
    const children = options.map((each) => startChild(t, each, { ...as, env }))
    for (const [index, child] of children.entries()) {
      const report = await child.report
      t.match(report, { server: { origin: 'started' }, uid: uid ?? process.getuid?.() })
      const data = join(report.server?.folder ?? '', 'data')
      t.equal(statSync(data).uid, uid ?? process.getuid?.())
      await child.say('close')
      t.equal(existsSync(data), options[index]?.folder !== 'temp')
    }
  })

  t.test('a folder that is not writable is refused, with the user and what to do', async (t) => {
    const folders = [denied, join(denied, 'server')]
    const children = folders.map((folder) => startChild(t, { folder }, { ...as, env }))
    for (const { report } of children) {
      t.match((await report).error, failure('folder-not-writable', /cannot be used by .*name another folder/))
    }
  })

  t.test('the folder of a server that root started is refused', whenRoot, async (t) => {
    const folder = makeFolder(t)
    chmodSync(folder, 0o755)
    for (const name of ['server.json', 'server.log']) writeFileSync(join(folder, name), '{}', { mode: 0o600 })
    const { error } = await startChild(t, { folder }, { ...as, env }).report
    t.match(error, failure('folder-not-writable', 'owned by uid 0'))
  })
})
