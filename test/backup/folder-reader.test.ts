/** Archives that nobody should have made: nothing of them is unpacked where it must not be. */

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { Header } from 'tar'
import { readArchive } from '../../src/backup/folder-reader.js'

interface Entry {
  readonly path: string
  readonly text?: string
  readonly type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice'
  readonly linkpath?: string
}

const facts: Entry = {
  path: 'ashlar-backup.json',
  text: JSON.stringify({
    format: 1,
    ashlar: '0',
    postgres: '18.4',
    platform: 'x',
    arch: 'y',
    tables: 0,
    createdAt: '',
  }),
}

/** Writes an archive with these entries behind the facts, and the right checksums behind them unless others are given. */
function archive(file: string, entries: readonly Entry[], sums?: string): string {
  const listed = [facts, ...entries.filter(({ type = 'File' }) => type === 'File')]
    .map(({ path, text = '' }) => `${createHash('sha256').update(text).digest('hex')}  ${path}\n`)
    .join('')
  const all = [facts, ...entries, { path: 'SHA256SUMS', text: sums ?? listed }]
  const blocks = all.flatMap(({ path, text = '', type = 'File', linkpath = '' }: Entry) => {
    const head = Buffer.alloc(512)
    new Header({ path, size: text.length, type, linkpath, mode: 0o777, uid: 0, gid: 0, mtime: new Date(0) }).encode(
      head,
    )
    return [head, Buffer.from(text), Buffer.alloc((512 - (text.length % 512)) % 512)]
  })
  writeFileSync(file, gzipSync(Buffer.concat([...blocks, Buffer.alloc(1_024)])))
  return file
}

t.test('readArchive', async (t) => {
  const unpack = (folder: string, file: string) => {
    const into = join(folder, 'in')
    mkdirSync(into)
    return readArchive({ file, bytes: statSync(file).size, into })
  }

  t.test('unpacks files and folders, private to their owner', async (t) => {
    const folder = t.testdir({})
    const entries: Entry[] = [
      { path: 'data/', type: 'Directory' },
      { path: 'data/a.b', text: 'x'.repeat(700) },
    ]
    t.match(await unpack(folder, archive(join(folder, 'a'), entries)), { postgres: '18.4' })
    t.equal(statSync(join(folder, 'in/data')).mode & 0o777, 0o700)
    const { mode, size } = statSync(join(folder, 'in/data/a.b'))
    t.same([mode & 0o777, size], [0o600, 700])
  })

  const evil: readonly Entry[] = [
    { path: '../out', text: 'x' },
    { path: '/tmp/ashlar-test-out', text: 'x' },
    { path: 'data/../../out', text: 'x' },
    { path: 'data/..', type: 'Directory' },
    { path: 'other', text: 'x' },
    { path: 'data/back\\..\\slash', text: 'x' },
    { path: 'data/link', type: 'SymbolicLink', linkpath: '/etc/passwd' },
    { path: 'data/hard', type: 'Link', linkpath: 'server.json' },
    { path: 'data/device', type: 'CharacterDevice' },
  ]
  for (const entry of evil) {
    t.test(`refuses ${entry.type ?? 'a file'} ${entry.path}`, async (t) => {
      const folder = t.testdir({})
      const entries: Entry[] = [{ path: 'data/', type: 'Directory' }, entry]
      await t.rejects(unpack(folder, archive(join(folder, 'a'), entries)), { code: 'ASHLAR_BACKUP', what: 'damaged' })
      t.notOk(existsSync(join(folder, 'out')))
      t.notOk(existsSync('/tmp/ashlar-test-out'))
      t.same(readdirSync(join(folder, 'in/data')), [])
    })
  }

  t.test('refuses an entry that does not have its checksum', async (t) => {
    const folder = t.testdir({})
    const file = archive(join(folder, 'a'), [{ path: 'server.json', text: '{}' }], `${'0'.repeat(64)}  server.json\n`)
    await t.rejects(unpack(folder, file), { what: 'damaged', message: /does not have its checksum/ })
  })

  t.test('refuses another archive', async (t) => {
    const folder = t.testdir({})
    const file = join(folder, 'a')
    writeFileSync(file, gzipSync('no archive at all'))
    await t.rejects(unpack(folder, file), { name: 'BackupError', code: 'ASHLAR_BACKUP' })
  })

  t.test('refuses one that is cut', async (t) => {
    const folder = t.testdir({})
    const file = archive(join(folder, 'a'), [{ path: 'server.json', text: '{}' }])
    const { size } = statSync(file)
    for (const bytes of [20, size >> 1, size - 1]) {
      await t.rejects(
        readArchive({ file, bytes, into: null }),
        { code: 'ASHLAR_BACKUP', what: 'damaged' },
        `${bytes} bytes`,
      )
    }
  })
})
