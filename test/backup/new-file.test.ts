import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { writeNewFile } from '../../src/backup/new-file.js'

t.test('writeNewFile', async (t) => {
  t.test('gives a file that only its owner reads', async (t) => {
    const folder = t.testdir({})
    const file = join(folder, 'x')
    const result = await writeNewFile(file, false, async (partial) => {
      writeFileSync(partial, 'whole')
      t.notOk(readdirSync(folder).includes('x'))
      return 1
    })
    t.equal(result, 1)
    t.equal(readFileSync(file, 'utf8'), 'whole')
    t.equal(statSync(file).mode & 0o777, 0o600)
    t.same(readdirSync(folder), ['x'])
  })

  t.test('leaves nothing when the work fails', async (t) => {
    const folder = t.testdir({})
    const work = writeNewFile(join(folder, 'x'), false, async (partial) => {
      writeFileSync(partial, 'half')
      throw new Error('broken')
    })
    await t.rejects(work, /broken/)
    t.same(readdirSync(folder), [])
  })

  t.test('removes what killed processes left of the same file, and nothing else', async (t) => {
    const folder = t.testdir({})
    const { pid: dead } = spawnSync('true')
    const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)
    const left = (name: string, pid: number | undefined, of = machine) => `.${name}.partial-${of}-${pid}-0123456789ab`
    const kept = [left('x', process.pid), left('y', dead), left('x', dead, '00000000'), '.x.partial-mine']
    for (const name of [...kept, left('x', dead)]) writeFileSync(join(folder, name), 'half')
    await writeNewFile(join(folder, 'x'), false, async (partial) => writeFileSync(partial, 'whole'))
    t.same(readdirSync(folder).sort(), [...kept, 'x'].sort())
  })

  t.test('tells of a full disk what to do', async (t) => {
    const folder = t.testdir({})
    const work = writeNewFile(join(folder, 'x'), false, async () => {
      // The one device that is always full.
      writeFileSync('/dev/full', 'x')
    })
    await t.rejects(work, { what: 'file', message: /x cannot be written \(ENOSPC\): the disk is full/ })
    t.same(readdirSync(folder), [])
  })

  t.test('replaces a file only when told so', async (t) => {
    const folder = t.testdir({ x: 'old' })
    const file = join(folder, 'x')
    const write = async (partial: string) => writeFileSync(partial, 'new')
    await t.rejects(writeNewFile(file, false, write), { code: 'ASHLAR_BACKUP', what: 'file-exists' })
    await writeNewFile(file, true, write)
    t.equal(readFileSync(file, 'utf8'), 'new')
  })

  t.test('does not replace one that another process wrote in the meantime', async (t) => {
    const folder = t.testdir({})
    const file = join(folder, 'x')
    const work = writeNewFile(file, false, async () => writeFileSync(file, 'theirs'))
    await t.rejects(work, { code: 'ASHLAR_BACKUP', what: 'file-exists' })
    t.equal(readFileSync(file, 'utf8'), 'theirs')
    t.same(readdirSync(folder), ['x'])
  })

  t.test('refuses a folder, and a file in a folder that is not there', async (t) => {
    const folder = t.testdir({})
    await t.rejects(
      writeNewFile(folder, true, async () => {}),
      /is a folder/,
    )
    await t.rejects(
      writeNewFile(join(folder, 'none', 'x'), false, async () => {}),
      /its folder does not exist/,
    )
  })
})
