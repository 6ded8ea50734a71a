/** Backup and restore of an embedded server's folder. */

import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { backup, restore } from '../../src/backup/backup.js'
import { seal } from '../../src/backup/seal.js'
import { connect } from '../../src/database.js'

// Outside of the project, whose folders may be closed to the server's user.
const folder = mkdtempSync(join(tmpdir(), 'ashlar-test-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'whole.tgz')
const urlOf = (name: string): string => `embedded:${join(folder, name)}`

t.test('a backup of an embedded server', async (t) => {
  const db = await connect({ url: urlOf('source'), migrate: true, pool: { min: 0 } })
  const { serviceId } = await db.services.create({ name: 'kept', description: 'x' })

  await t.test('is refused while a process uses it', async (t) => {
    const work = backup(file, { url: urlOf('source') })
    await t.rejects(work, { code: 'ASHLAR_BACKUP', what: 'in-use', message: /is in use: stop the process/ })
    t.same(readdirSync(folder), ['source'])
  })
  await db.close()

  const made = await backup(file, { url: urlOf('source') })
  t.match(made, { kind: 'folder', rows: null, postgresVersion: /^18\./, bytes: statSync(file).size })
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.same(readdirSync(folder).sort(), ['source', 'whole.tgz'])

  await t.test('gives a server with the same rows and password', async (t) => {
    const restored = await restore(file, { url: urlOf('copy') })
    t.match(restored, { kind: 'folder', tables: made.tables, migrations: { pending: [], missing: [] } })
    const copy = await connect({ url: urlOf('copy'), pool: { min: 0 } })
    t.equal((await copy.services.get(serviceId)).name, 'kept')
    await copy.services.create({ name: 'only in the copy' })
    const refused = restore(file, { url: urlOf('copy'), replace: true })
    await t.rejects(refused, { code: 'ASHLAR_BACKUP', what: 'in-use' })
    await copy.close()
    const password = (name: string) => JSON.parse(readFileSync(join(folder, name, 'server.json'), 'utf8')).password
    t.equal(password('copy'), password('source'))
    const data = join(folder, 'copy/data')
    t.equal(statSync(data).mode & 0o777, 0o700)
    t.equal(statSync(join(data, 'PG_VERSION')).mode & 0o777, 0o600)
    t.equal(statSync(data).uid, statSync(join(folder, 'source/data')).uid)
  })

  await t.test('replaces data only when told so', async (t) => {
    const refused = restore(file, { url: urlOf('copy') })
    await t.rejects(refused, { code: 'ASHLAR_BACKUP', what: 'not-empty', message: /--replace/ })
    await restore(file, { url: urlOf('copy'), replace: true })
    t.notOk(readdirSync(join(folder, 'copy')).some((name) => /^(restoring|replaced)-/.test(name)))
    const copy = await connect({ url: urlOf('copy'), pool: { min: 0 } })
    t.same(
      (await copy.services.list({})).items.map(({ name }) => name),
      ['kept'],
    )
    await copy.close()
  })

  await t.test('is refused when it is cut or changed, and leaves no folder', async (t) => {
    const whole = readFileSync(file)
    const damaged = join(folder, 'damaged.tgz')
    for (let part = 1; part < 6; part += 2) {
      const at = Math.floor((whole.length * part) / 6)
      writeFileSync(damaged, whole.subarray(0, at))
      await t.rejects(restore(damaged, { url: urlOf('none') }), { code: 'ASHLAR_BACKUP', what: 'damaged' })
      const flipped = Buffer.from(whole)
      flipped[at] = (flipped[at] ?? 0) ^ 4
      writeFileSync(damaged, flipped)
      await t.rejects(restore(damaged, { url: urlOf('none') }), { code: 'ASHLAR_BACKUP', what: 'damaged' })
      // Without the seal, gzip's checksum and those of the entries still tell.
      const unsealed = restore(damaged, { url: urlOf('none'), unsealed: true })
      await t.rejects(unsealed, { code: 'ASHLAR_BACKUP', what: 'damaged' })
    }
    t.notOk(existsSync(join(folder, 'none')))
  })

  await t.test('is refused where it does not belong', async (t) => {
    const url = 'postgres://127.0.0.1:1/none'
    await t.rejects(restore(file, { url }), { code: 'ASHLAR_BACKUP', message: /is the folder of an embedded server/ })
    const dump = join(folder, 'x.dump')
    writeFileSync(dump, 'PGDMP')
    await seal(dump)
    await t.rejects(restore(dump, { url: urlOf('none') }), { code: 'ASHLAR_BACKUP', message: /is a dump of a server/ })
    await t.rejects(restore(file, { url: 'embedded:temp' }), { code: 'ASHLAR_BACKUP', message: /name a folder/ })
    const work = backup(join(folder, 'y.tgz'), { url: urlOf('none') })
    await t.rejects(work, { code: 'ASHLAR_BACKUP', message: /holds no embedded server/ })
    t.notOk(existsSync(join(folder, 'none')))
    symlinkSync(join(folder, 'source/data'), join(folder, 'link'))
    const among = backup(join(folder, 'link/z.tgz'), { url: urlOf('source') })
    await t.rejects(among, { code: 'ASHLAR_BACKUP', message: /lies among the data/ })
  })
})
