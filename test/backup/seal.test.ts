import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { checkSeal, SEAL_BYTES, seal } from '../../src/backup/seal.js'
import { BackupError } from '../../src/errors.js'

t.test('seal', async (t) => {
  t.test('leaves a gzip file one', async (t) => {
    const file = join(t.testdir({}), 'x.tgz')
    writeFileSync(file, gzipSync('content'))
    await seal(file)
    t.equal(gunzipSync(readFileSync(file)).toString(), 'content')
    t.match(await checkSeal(file), { kind: 'folder', bytes: gzipSync('content').length })
  })
})

t.test('checkSeal', async (t) => {
  const sealed = async (name: string): Promise<{ file: string; whole: Buffer }> => {
    const file = join(t.testdir({}), name)
    writeFileSync(file, Buffer.concat([Buffer.from('PGDMP'), Buffer.alloc(40, 7)]))
    await seal(file)
    return { file, whole: readFileSync(file) }
  }

  t.test('takes a file as it was sealed', async (t) => {
    const { file } = await sealed('whole')
    t.same(await checkSeal(file), { kind: 'dump', bytes: 45 })
  })

  t.test('refuses it when it is cut anywhere', async (t) => {
    const { file, whole } = await sealed('cut')
    for (let bytes = 0; bytes < whole.length; bytes += 1) {
      writeFileSync(file, whole.subarray(0, bytes))
      await t.rejects(
        checkSeal(file),
        { code: 'ASHLAR_BACKUP', what: bytes < 5 ? 'not-a-backup' : 'damaged' },
        `${bytes} bytes`,
      )
    }
  })

  t.test('refuses it when any byte is another', async (t) => {
    const { file, whole } = await sealed('flipped')
    for (let at = 0; at < whole.length; at += 1) {
      const flipped = Buffer.from(whole)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      writeFileSync(file, flipped)
      await t.rejects(
        checkSeal(file),
        { code: 'ASHLAR_BACKUP', what: at < 5 ? 'not-a-backup' : 'damaged' },
        `byte ${at}`,
      )
    }
  })

  t.test('refuses what follows the seal', async (t) => {
    const { file } = await sealed('longer')
    appendFileSync(file, 'x')
    await t.rejects(checkSeal(file), { code: 'ASHLAR_BACKUP', what: 'damaged' })
  })

  t.test('takes a dump without a seal when told so', async (t) => {
    const { file, whole } = await sealed('plain')
    writeFileSync(file, whole.subarray(0, -SEAL_BYTES))
    await t.rejects(checkSeal(file), /--unsealed/)
    t.same(await checkSeal(file, true), { kind: 'dump', bytes: 45 })
  })

  t.test('names a file that is not there', async (t) => {
    const file = join(t.testdir({}), 'none')
    await t.rejects(
      checkSeal(file),
      new BackupError('file', file, `${file} cannot be read (ENOENT): name a file that \`ashlar backup\` wrote`),
    )
  })
})
