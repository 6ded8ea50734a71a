import t, { type Test } from 'tap'
import { readSources } from '../../src/migrate/files.js'
import { type PreparedFile, prepareFiles } from '../../src/migrate/prepare.js'
import { makeFolder, migration, step } from './fixtures/migrations.js'

async function prepare(t: Test, files: Readonly<Record<string, string>>): Promise<readonly PreparedFile[]> {
  return prepareFiles(await readSources(makeFolder(t, files).sources))
}

const SWALLOWED = 'the line `-- Down Migration` (4) stands within it; close it'

t.test('prepareFiles', async (t) => {
  t.test('gives each statement with its line, past comments that nest', async (t) => {
    const [file] = await prepare(t, {
      '0001_a.sql': migration("SELECT 'é', '𝒳;';\n-- why\n/* a /* b */ ; */ SELECT\n  2;", 'SELECT 3'),
    })
    t.same(
      [file?.up, file?.down].map((statements) => statements?.map(({ sql, line }) => [line, sql])),
      [
        [
          [2, "SELECT 'é', '𝒳;'"],
          [4, 'SELECT\n  2'],
        ],
        [[7, 'SELECT 3\n']],
      ],
    )
  })

  t.test('takes the words of transactions where they are none, and savepoints', async (t) => {
    await prepare(t, {
      '0001_a.sql': migration(`SELECT 'commit;';
        CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;
        DO $$ BEGIN PERFORM 1; END $$;
        SAVEPOINT a; RELEASE a;
        ALTER TYPE e ADD VALUE 'x'; REINDEX TABLE a; ANALYZE;`),
    })
  })

  const refused: readonly [string, string, string][] = [
    ['COMMIT', 'SELECT 1;\n/* a\n*/ commit;', ":4: has COMMIT, but the transaction is the runner's: remove it"],
    ['BEGIN', 'START TRANSACTION;', ":2: has START TRANSACTION, but the transaction is the runner's: remove it"],
    ['wrong syntax', "SELECT 'é𝒳';\nCREATE TABEL a ();", ':3: syntax error at or near "TABEL": mend the SQL'],
    ['a string without end', "SELECT\n  'a;", `:3: has an unterminated quoted string: ${SWALLOWED}`],
    ['a body without end', 'SELECT 1;\nDO $$ BEGIN', `:3: has an unterminated dollar-quoted string: ${SWALLOWED}`],
    ['a comment without end', '/* SELECT 1;\nSELECT 2;', `:2: has an unterminated /* comment: ${SWALLOWED}`],
    ['a command of psql', 'SELECT 1;\n\\i other.sql', ':3: has `\\i`, a command of psql: a migration holds SQL alone'],
    [
      'rows for COPY',
      'COPY a FROM STDIN;\n1\t2\n\\.',
      ':3: has rows for COPY FROM STDIN, which only psql reads: write INSERT',
    ],
    ['COPY FROM STDIN', 'COPY a FROM STDIN;', ':2: has COPY FROM STDIN, for which there is no input: write INSERT'],
    ['DISCARD ALL', 'DISCARD ALL;', ':2: has DISCARD ALL, which would let go of the migration lock: remove it'],
    ['COPY TO STDOUT', 'COPY a TO STDOUT;', ':2: has COPY TO STDOUT, whose output nobody reads: remove it'],
    ...(
      [
        ['CREATE INDEX CONCURRENTLY', 'CREATE INDEX CONCURRENTLY i ON a (b)'],
        ['DROP INDEX CONCURRENTLY', 'DROP INDEX CONCURRENTLY i'],
        ['REINDEX CONCURRENTLY', 'REINDEX (CONCURRENTLY) TABLE a'],
        ['REINDEX of a schema or database', 'REINDEX SCHEMA a'],
        ['DETACH PARTITION CONCURRENTLY', 'ALTER TABLE a DETACH PARTITION b CONCURRENTLY'],
        ['VACUUM', 'VACUUM a'],
        ['CLUSTER without a table', 'CLUSTER'],
        ['ALTER SYSTEM', "ALTER SYSTEM SET work_mem = '1MB'"],
        ['CREATE DATABASE', 'CREATE DATABASE a'],
      ] as const
    ).map(([name, sql]): [string, string, string] => [
      name,
      `${sql};`,
      `:2: has ${name}, which no transaction can hold: make it a step of its own, NNNN_name.mjs`,
    ]),
  ]
  for (const [what, up, message] of refused) {
    t.test(`refuses ${what}`, async (t) => {
      await t.rejects(prepare(t, { '0001_a.sql': migration(up) }), {
        name: 'MigrationError',
        file: '0001_a.sql',
        line: Number(message.slice(1, 2)),
        message: `0001_a.sql${message}; nothing was run`,
      })
    })
  }

  t.test('refuses what is wrong in a Down section', async (t) => {
    await t.rejects(prepare(t, { '0001_a.sql': migration('SELECT 1;', '\nDROP TABEL a;') }), {
      name: 'MigrationError',
      line: 5,
    })
  })

  t.test('tells of an empty section that only the parser knows for one', async (t) => {
    await t.rejects(prepare(t, { '0001_a.sql': migration('/* a /* b */ c */') }), {
      message: /0001_a\.sql:1: has an empty Up section/,
    })
  })
})

t.test('a step', async (t) => {
  t.test('has its faults told by the line of the direction, though the other says the same', async (t) => {
    const files = { '0001_a.mjs': step(['SELEC 1'], ['SELEC 1']) }
    await t.rejects(prepare(t, files), {
      message: /0001_a\.mjs:3: .* of up: mend the SQL\n.*0001_a\.mjs:7: .* of down/,
    })
  })

  t.test('gives its statements with their lines', async (t) => {
    const [file] = await prepare(t, { '0001_a.mjs': step(['SELECT 1', '\n  SELECT 2;']) })
    t.same(
      file?.up.map(({ sql, line }) => [line, sql]),
      [
        [3, 'SELECT 1'],
        [null, 'SELECT 2'],
      ],
      'written with escapes, a text is not found in the module',
    )
  })

  const good = 'export function down(pgm) { pgm.noTransaction(); pgm.sql("SELECT 1") }\n'
  const up = (body: string): string => `export async function up(pgm) { ${body} }\n${good}`
  const refused: readonly [string, string, string][] = [
    ['cannot be loaded', 'export function up(pgm) {', ': cannot be loaded: Unexpected end of input'],
    ['has no up', good, ': exports no function up: write `export function up(pgm) { ... }`'],
    [
      'is for transactions',
      up('pgm.sql("SELECT 1")'),
      ': does not call pgm.noTransaction() in up: call it, or write a .sql file',
    ],
    ['gives nothing', up('pgm.noTransaction()'), ': gives no SQL in up: call pgm.sql()'],
    [
      'uses more of the builder',
      up('pgm.createIndex("a", "b")'),
      ': uses pgm.createIndex, but only pgm.noTransaction() and pgm.sql() can be read before they run',
    ],
    ['fails', up('throw new Error("boom")'), ': fails in up: boom'],
    [
      'waits for a callback',
      `export function up(pgm, done) {}\n${good}`,
      ': takes more than pgm in up: give SQL by pgm.sql() alone',
    ],
    ['gives values', up('pgm.noTransaction(); pgm.sql("SELECT 1", {})'), ': calls pgm.sql() with more than one text'],
    [
      'gives two statements at once',
      up('pgm.noTransaction(); pgm.sql("SELECT 1; SELECT 2")'),
      ':1: gives 2 statements in one pgm.sql() of up: give one a call',
    ],
    [
      'has wrong syntax',
      up('pgm.noTransaction(); pgm.sql("SELEC 1")'),
      ':1: syntax error at or near "SELEC", in pgm.sql() of up: mend the SQL',
    ],
    [
      'creates an index without a name',
      up('pgm.noTransaction(); pgm.sql("CREATE INDEX CONCURRENTLY ON a (b)")'),
      ':1: creates an index without a name: name it, so that a rerun finds what a failure left',
    ],
  ]
  for (const [what, text, message] of refused) {
    t.test(`is refused when it ${what}`, async (t) => {
      await t.rejects(prepare(t, { '0001_a.mjs': text }), {
        name: 'MigrationError',
        message: `0001_a.mjs${message}; nothing was run`,
      })
    })
  }
})
