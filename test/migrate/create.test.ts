import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ValidationError } from '../../src/errors.js'
import { createMigration } from '../../src/migrate/create.js'
import { readSources } from '../../src/migrate/files.js'

const read = (folder: string) => readSources([{ name: 'project', folder, table: '' }])
const inTransaction = { isTransaction: true }

t.test('createMigration', async (t) => {
  t.test('makes the folder, and counts on from its last number', async (t) => {
    const folder = join(t.testdir({}), 'shop', 'migrations')
    t.equal(await createMigration(folder, { name: 'first', isTransaction: true }), '0001_first.sql')
    writeFileSync(join(folder, '0041_later.sql'), '')
    t.equal(await createMigration(folder, { name: 'add_index', isTransaction: false }), '0042_add_index.mjs')
    t.same(readdirSync(folder), ['0001_first.sql', '0041_later.sql', '0042_add_index.mjs'])
  })

  t.test('writes a file that is refused until both sections are filled in', async (t) => {
    const folder = t.testdir({})
    const file = await createMigration(folder, { name: 'add_item', ...inTransaction })
    await t.rejects(read(folder), { file, message: /^0001_add_item\.sql:1: has an empty Up section/ })
    const text = readFileSync(join(folder, file), 'utf8')
    const up = text.replace('\n\n-- Down', '\nCREATE TABLE item ();\n\n-- Down')
    writeFileSync(join(folder, file), up)
    await t.rejects(read(folder), { file, message: /has an empty Down section/ })
    writeFileSync(join(folder, file), `${up}DROP TABLE item;\n`)
    await t.resolves(read(folder))
  })

  t.test('refuses a name that is not in snake_case, and writes nothing', async (t) => {
    const folder = t.testdir({})
    const names = ['AddItem', 'add-item', '0002_add', 'add_item.sql', '../add', 'a__b', '_a', 'a_', '', 'a'.repeat(101)]
    for (const name of names) {
      await t.rejects(createMigration(folder, { name, ...inTransaction }), ValidationError, name)
    }
    t.same(readdirSync(folder), [])
  })

  t.test('gives no number twice when many are made at once, and overwrites nothing', async (t) => {
    const folder = t.testdir({})
    const names = Array.from({ length: 12 }, (_, index) => `other_${index}`)
    const files = await Promise.all(names.map((name) => createMigration(folder, { name, ...inTransaction })))
    t.same(readdirSync(folder), files.toSorted())
    t.equal(new Set(files.map((file) => file.slice(0, 4))).size, names.length)
  })

  t.test('refuses a name that a migration has, also when it is made at the same time', async (t) => {
    const folder = t.testdir({})
    const make = (isTransaction: boolean) => createMigration(folder, { name: 'same', isTransaction })
    await Promise.allSettled([make(true), make(true), make(false), make(true)])
    await t.rejects(make(false), { name: 'MigrationError', message: /^0001_same\.\w+ has this name already/ })
    t.equal(readdirSync(folder).length, 1)
  })

  t.test('says what is wrong with a folder that is a file, and when there is no number left', async (t) => {
    const folder = t.testdir({ full: { '9999_last.sql': '' }, file: '' })
    await t.rejects(createMigration(join(folder, 'full'), { name: 'more', ...inTransaction }), {
      message: /has a migration 9999: there is no number left/,
    })
    await t.rejects(createMigration(join(folder, 'file'), { name: 'more', ...inTransaction }), {
      message: /cannot be written to \(EEXIST\)/,
    })
  })
})
