import t from 'tap'
import { ownMigrations, readMigrations, readUpSection } from '../../src/migrate/files.js'

const GOOD = '-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 2;\n'

t.test('readMigrations', async (t) => {
  t.test("gives the names of ashlar's own in order", async (t) => {
    const names = await readMigrations(ownMigrations)
    t.same(names.slice(0, 2), ['0001_core', '0002_project_context'])
    t.same(names, names.toSorted())
  })

  const refused: readonly [string, Record<string, string>, string][] = [
    [
      'a file without an Up section',
      { '0001_a.sql': '-- Down Migration\nSELECT 1;' },
      '0001_a.sql: has no line `-- Up Migration`',
    ],
    [
      'a file without a Down section',
      { '0001_a.sql': '-- Up Migration\nSELECT 1;' },
      '0001_a.sql: has no line `-- Down Migration`',
    ],
    [
      'sections in the wrong order',
      { '0001_a.sql': '-- Down Migration\nSELECT 1;\n-- Up Migration\nSELECT 1;' },
      '0001_a.sql: has its Down section before its Up section',
    ],
    [
      'SQL that would never run',
      { '0001_a.sql': `SELECT 0;\n${GOOD}` },
      '0001_a.sql: has SQL above `-- Up Migration`, which would never run',
    ],
    [
      'an empty Up section',
      { '0001_a.sql': '-- Up Migration\n-- nothing\n-- Down Migration\nSELECT 1;' },
      '0001_a.sql: has an empty Up section',
    ],
    [
      'an empty Down section',
      { '0001_a.sql': '-- Up Migration\nSELECT 1;\n-- Down Migration\n-- none\n' },
      '0001_a.sql: has an empty Down section, which would undo nothing',
    ],
    ['a name without a number', { 'a.sql': GOOD }, 'a.sql: must be named NNNN_name.sql'],
    ['a number twice', { '0001_a.sql': GOOD, '0001_b.sql': GOOD }, '0001_b.sql: has the number of 0001_a.sql'],
  ]
  for (const [what, files, message] of refused) {
    t.test(`refuses ${what}`, async (t) => {
      await t.rejects(readMigrations(t.testdir(files)), {
        name: 'MigrationError',
        message,
        file: message.split(':')[0],
      })
    })
  }

  t.test('passes over hidden files', async (t) => {
    t.same(await readMigrations(t.testdir({ '.keep': '', '0001_a.sql': GOOD })), ['0001_a'])
  })

  t.test('refuses a folder that is not there', async (t) => {
    await t.rejects(readMigrations('no/such/folder'), {
      name: 'MigrationError',
      message: /no\/such\/folder cannot be read \(ENOENT\)/,
    })
  })
})

t.test('readUpSection', async (t) => {
  t.test('gives what stands between the markers', async (t) => {
    t.equal(await readUpSection(t.testdir({ '0001_a.sql': GOOD }), '0001_a'), '-- Up Migration\nSELECT 1;\n')
  })
})
