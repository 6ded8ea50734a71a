import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ownMigrations, ownSchemas, readSources, readUpTexts } from '../../src/migrate/files.js'
import { makeFolder, migration, step } from './fixtures/migrations.js'

/** Gives the names of a folder's migrations. */
async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readSources([{ name: 'project', folder, table: '' }])).map(({ name }) => name)
}

const GOOD = migration('SELECT 1;', 'SELECT 2;')

t.test('readSources', async (t) => {
  t.test("gives the names of ashlar's own in order", async (t) => {
    const names = await namesIn(ownMigrations)
    t.same(names.slice(0, 2), ['0001_core', '0002_project_context'])
    t.same(names, names.toSorted())
  })

  const refused: readonly [string, Record<string, string | Buffer>, string, number | null][] = [
    [
      'a file with the Down marker alone',
      { '0001_a.sql': '-- Down Migration\nSELECT 1;' },
      '0001_a.sql: has no line `-- Up Migration`',
      null,
    ],
    ['a file without markers', { '0001_a.sql': 'SELECT 1;' }, '0001_a.sql: has no line `-- Up Migration`', null],
    [
      'a file without a Down section',
      { '0001_a.sql': '-- Up Migration\nSELECT 1;' },
      '0001_a.sql: has no line `-- Down Migration`',
      null,
    ],
    [
      'sections in the wrong order',
      { '0001_a.sql': '-- Down Migration\nSELECT 1;\n-- Up Migration\nSELECT 1;' },
      '0001_a.sql:1: has its Down section before its Up section',
      1,
    ],
    [
      'SQL that would never run',
      { '0001_a.sql': `-- why\n\nSELECT 0;\n${GOOD}` },
      '0001_a.sql:3: has SQL above `-- Up Migration`, which would never run: move it below',
      3,
    ],
    [
      'an Up section of comments',
      { '0001_a.sql': migration('-- nothing\n/* at\nall */ ;') },
      '0001_a.sql:1: has an empty Up section',
      1,
    ],
    [
      'an empty Down section',
      { '0001_a.sql': migration('SELECT 1;', '/* none */') },
      '0001_a.sql:3: has an empty Down section, which would undo nothing: write what reverts it',
      3,
    ],
    [
      'a second marker, be it in a string',
      { '0001_a.sql': migration("SELECT '\n  -- up migration of old\n';") },
      '0001_a.sql:3: is a second line `-- Up Migration`, after that of line 1: node-pg-migrate cuts a file at the first, wherever it stands; write it otherwise',
      3,
    ],
    [
      'a byte order mark',
      { '0001_a.sql': `\ufeff${GOOD}` },
      '0001_a.sql:1: begins with a byte order mark, which PostgreSQL refuses: save it as UTF-8 without one',
      1,
    ],
    [
      'another encoding',
      { '0001_a.sql': Buffer.from(GOOD.replace('1', "'é'"), 'latin1') },
      '0001_a.sql: is not UTF-8: save it as UTF-8',
      null,
    ],
    [
      'a NUL character, behind which the parser would see nothing',
      { '0001_a.sql': migration('SELECT 1;\n\0SELEC;') },
      '0001_a.sql:3: holds a NUL character, where PostgreSQL ends a text: remove it, or save the file as UTF-8',
      3,
    ],
    [
      'a name without a number',
      { 'a.sql': GOOD },
      'a.sql: must be named NNNN_name.sql or NNNN_name.mjs, in lower case',
      null,
    ],
    [
      'what is no migration',
      { 'README.md': 'Read me.' },
      'README.md: is no migration, but node-pg-migrate would run it as one: move it to another folder',
      null,
    ],
    [
      'a number twice',
      { '0001_a.sql': GOOD, '0001_b.mjs': step(['SELECT 1']) },
      '0001_b.mjs: has the number of 0001_a.sql: take the next free one',
      null,
    ],
  ]
  for (const [what, files, message, line] of refused) {
    t.test(`refuses ${what}`, async (t) => {
      await t.rejects(namesIn(makeFolder(t, files).folder), {
        name: 'MigrationError',
        message: `${message}; nothing was run`,
        file: message.split(':')[0],
        line,
      })
    })
  }

  t.test('tells all that is wrong with all files', async (t) => {
    const { folder } = makeFolder(t, { '0001_a.sql': 'SELECT 1;', '0002_b.sql': migration('') })
    await t.rejects(namesIn(folder), {
      message:
        '2 problems, and nothing was run:\n  0001_a.sql: has no line `-- Up Migration`\n  0002_b.sql:1: has an empty Up section',
      file: '0001_a.sql',
    })
  })

  t.test('takes line ends of Windows, comments above the marker, hidden files and folders beside', async (t) => {
    const { folder, write } = makeFolder(t, { '.keep': '', '0001_a.sql': `/* by hand */\n-- squawk\n${GOOD}` })
    write('0002_b.sql', GOOD.replaceAll('\n', '\r\n'))
    t.same(await namesIn(folder), ['0001_a', '0002_b'])
    t.same(await namesIn(t.testdir({ old: { 'a.txt': '' }, '0001_a.sql': GOOD })), ['0001_a'])
  })

  t.test('names a file that cannot be read', async (t) => {
    const { folder } = makeFolder(t)
    symlinkSync('no/such/file', join(folder, '0001_a.sql'))
    await t.rejects(namesIn(folder), {
      name: 'MigrationError',
      message: '0001_a.sql: cannot be read (ENOENT); nothing was run',
    })
  })

  t.test('refuses a folder that is not there', async (t) => {
    await t.rejects(namesIn('no/such/folder'), {
      name: 'MigrationError',
      message: /no\/such\/folder cannot be read \(ENOENT\)/,
    })
  })
})

t.test('readUpTexts', async (t) => {
  t.test("gives a step's statements one by one", async (t) => {
    const { folder } = makeFolder(t, { '0001_a.mjs': step(['SELECT 1', 'SELECT 2']) })
    t.same(await readUpTexts(folder, '0001_a'), ['SELECT 1', 'SELECT 2'])
    const file = makeFolder(t, { '0001_a.sql': GOOD }).folder
    t.same(await readUpTexts(file, '0001_a'), ['-- Up Migration\nSELECT 1;\n'], "and a file's section whole")
    await t.rejects(readUpTexts(folder, '0002_b'), { name: 'MigrationError', message: /no migration 0002_b in/ })
  })
})

t.test('ownSchemas', async (t) => {
  t.test('gives the schemas that the migrations create', async (t) => {
    t.same(await ownSchemas(), ['agent', 'core', 'registry'])
  })
})
