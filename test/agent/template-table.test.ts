import fc from 'fast-check'
import t from 'tap'
import { filesShape } from '../../src/agent/template-files.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { newTemplate } from '../fixtures/template-row.js'

/** What only plain SQL can try: the repository refuses it before. */
const db = await connectTestDatabase(t)
const { templateId } = await db.templates.create(newTemplate({ name: 'table' }))

const refused: Readonly<Record<string, readonly string[]>> = {
  template_name_length: ["name = ''", "name = repeat('x', 201)"],
  template_version_length: ["version = ''", "version = repeat('x', 101)"],
  template_description_length: ["description = repeat('x', 10001)"],
  template_category_length: ["category = ''", "category = repeat('x', 101)"],
  template_files_object: ["files = '[]'", `files = '"a"'`, "files = 'null'", `files = '[{"a": "b"}]'`],
  template_files_text: [1, null, true, ['a'], [], {}, { b: 'c' }].map(
    (content) => `files = '${JSON.stringify({ a: 'text', b: content })}'`,
  ),
  template_files_paths: [`files = '{"a/../b": ""}'`, `files = '{"ok": "", "/": ""}'`],
  template_files_path_length: ["files = jsonb_build_object(repeat('é', 501), '')"],
  template_file_count_range: ["files = (SELECT jsonb_object_agg(n, '') FROM generate_series(1, 1001) AS n)"],
  template_required_variables_elements: ["required_variables = '{a,NULL}'"],
  template_optional_variables_elements: ["optional_variables = '{NULL}'"],
  template_variables_overlap: ["required_variables = '{a,b}', optional_variables = '{b}'"],
  template_tech_stack_elements: ["tech_stack = '{a,NULL}'"],
  template_tags_elements: ['tags = ARRAY[NULL]::text[]'],
  template_estimated_setup_minutes_range: ['estimated_setup_minutes = -1', 'estimated_setup_minutes = 1000001'],
  template_usage_count_range: ['usage_count = -1'],
}

t.test('every check of agent.template', async (t) => {
  t.test('is tried here', async (t) => {
    const rows = await db.query<{ conname: string }>(
      "SELECT conname FROM pg_constraint WHERE conrelid = 'agent.template'::regclass AND contype = 'c' ORDER BY 1",
    )
    t.same(
      rows.map(({ conname }) => conname),
      Object.keys(refused).sort(),
    )
  })

  for (const [constraint, assignments] of Object.entries(refused)) {
    for (const assignment of assignments) {
      t.test(`${constraint} refuses ${assignment}`, async (t) => {
        await t.rejects(db.query(`UPDATE agent.template SET ${assignment}`), {
          name: 'CheckViolationError',
          constraint,
        })
      })
    }
  }

  t.test('lets pass what is just within', async (t) => {
    const within = [
      "files = jsonb_build_object(repeat('é', 500), '')",
      "files = (SELECT jsonb_object_agg(n, '') FROM generate_series(1, 1000) AS n)",
      'estimated_setup_minutes = 0',
      'estimated_setup_minutes = 1000000',
    ]
    for (const assignment of within) {
      await t.resolves(db.query(`UPDATE agent.template SET ${assignment} WHERE template_id = $1`, [templateId]))
    }
  })
})

t.test('paths of files', async (t) => {
  /** Texts made of what the rules are about, and any texts. */
  const piece = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    ':',
    'C',
    'a',
    'src',
    ' ',
    '\n',
    '\u007f',
    'é',
    '🧱',
    '-',
    '*',
    '$',
    '',
  )
  const path = fc.oneof(
    fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary' }),
  )

  t.test('are refused by the database if and only if they are refused before it is asked', async (t) => {
    const paths = fc.sample(path, 3_000).filter((path) => !path.includes('\0') && path.isWellFormed())
    const rows = await db.query<{ path: string; isTaken: boolean }>(
      // What PostgreSQL itself says of the constraint's own text.
      `SELECT path, ${await checkOf('template_files_paths')} AS is_taken
       FROM unnest($1::text[]) AS path, LATERAL (SELECT jsonb_build_object(path, 'x') AS files) AS input`,
      [paths],
    )
    t.equal(rows.length, paths.length)
    t.ok(rows.some(({ isTaken }) => isTaken) && rows.some(({ isTaken }) => !isTaken))
    t.same(
      rows.filter(({ path, isTaken }) => filesShape().safeParse({ [path]: 'x' }).success !== isTaken),
      [],
    )
  })

  const cases: readonly [string, boolean][] = [
    ['a', true],
    ['a/b.c', true],
    ['.github/x', true],
    ['..a/b', true],
    ['a /b..', false],
    ['.../a', false],
    ['a\nb', false],
    ['a\u009fb', false],
    ['a.', false],
    ['a /b', false],
    ['ab:c', true],
    ['src/C:', true],
    ['', false],
    ['.', false],
    ['..', false],
    ['/a', false],
    ['a/', false],
    ['a//b', false],
    ['./a', false],
    ['a/.', false],
    ['a/../b', false],
    ['../a', false],
    ['a\\b', false],
    ['\\\\host\\share', false],
    ['C:', false],
    ['c:/a', false],
    ['a:b', false],
  ]
  for (const [path, isGood] of cases) {
    t.test(`${isGood ? 'may' : 'must not'} be ${JSON.stringify(path)}`, async (t) => {
      t.equal(filesShape().safeParse({ [path]: '' }).success, isGood, 'before it is sent')
      const writing = db.query('UPDATE agent.template SET files = $1 WHERE template_id = $2', [
        { ok: '', [path]: '' },
        templateId,
      ])
      if (isGood) await t.resolves(writing)
      else await t.rejects(writing, { name: 'CheckViolationError', constraint: 'template_files_paths' })
    })
  }
})

/** Gives the condition of a CHECK as SQL. */
async function checkOf(constraint: string): Promise<string> {
  const [row] = await db.query<{ condition: string }>(
    'SELECT pg_get_expr(conbin, conrelid) AS condition FROM pg_constraint WHERE conname = $1',
    [constraint],
  )
  return String(row?.condition)
}

t.test('every column that must be there', async (t) => {
  const rows = await db.query<{ column: string; generated: string }>(
    `SELECT attname AS column, attgenerated AS generated FROM pg_attribute
     WHERE attrelid = 'agent.template'::regclass AND attnum > 0 AND attnotnull`,
  )
  t.equal(rows.length, 15)
  for (const { column, generated } of rows) {
    // The trigger puts back both times, whatever an update says; generated columns take no value.
    if (column === 'created_at' || column === 'updated_at' || generated !== '') continue
    t.test(`${column} refuses NULL`, async (t) => {
      await t.rejects(db.query(`UPDATE agent.template SET ${column} = NULL`), { name: 'NotNullViolationError', column })
    })
  }
})

t.test('times', async (t) => {
  t.test('cannot be changed by hand, not even with a use', async (t) => {
    const before = await db.templates.get(templateId)
    await db.query("UPDATE agent.template SET created_at = '2000-01-01', updated_at = '2000-01-01'")
    t.same(await db.templates.get(templateId), before)
    await db.query("UPDATE agent.template SET created_at = '2000-01-01', updated_at = '2000-01-01', usage_count = 7")
    t.same(await db.templates.get(templateId), { ...before, usageCount: 7 })
  })

  t.test('move with a change that comes with a use and with times of its own', async (t) => {
    const before = await db.templates.get(templateId)
    await db.query(
      "UPDATE agent.template SET created_at = '2000-01-01', updated_at = '2000-01-01', usage_count = 8, version = '9'",
    )
    const after = await db.templates.get(templateId)
    t.same(after.createdAt, before.createdAt)
    t.ok(after.updatedAt > before.updatedAt)
  })

  t.test('move with every column but those of the use and the generated ones', async (t) => {
    const [trigger] = await db.query<{ text: string }>(
      "SELECT pg_get_triggerdef(oid) AS text FROM pg_trigger WHERE tgname = 'template_keep_times'",
    )
    const columns = await db.query<{ column: string }>(
      "SELECT attname AS column FROM pg_attribute WHERE attrelid = 'agent.template'::regclass AND attnum > 0",
    )
    t.same(
      columns.map(({ column }) => column).filter((column) => !trigger?.text.includes(`new.${column}`)),
      ['file_count', 'usage_count', 'last_used_at', 'created_at', 'updated_at', 'search'],
    )
  })
})
