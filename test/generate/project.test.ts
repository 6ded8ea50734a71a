import t, { type Test } from 'tap'
import { readProject } from '../../src/generate/project.js'

const CONFIG = {
  transforms: [{ mode: 'sql', include: '**/*.sql', emitTemplate: 'src/generated/{{dir_base}}/{{name}}.queries.ts' }],
  srcDir: 'sql',
  camelCaseColumnNames: true,
}

function projectWith(t: Test, config: object | string, sql: Parameters<typeof t.testdir>[0] = { a: { 'b.sql': '' } }) {
  const text = typeof config === 'string' ? config : JSON.stringify({ ...CONFIG, ...config })
  return t.testdir({ 'pgtyped.config.json': text, 'package.json': '{"name":"shop"}', sql })
}

t.test('readProject', async (t) => {
  t.test('finds every .sql file and the place of its output', async (t) => {
    const project = await readProject(
      projectWith(t, {}, { a: { 'b.sql': 'x\r\ny' }, 'c.sql': '', '.d': { 'e.sql': '' } }),
    )
    t.same(project.files, [
      { file: 'sql/a/b.sql', output: 'src/generated/a/b.queries.ts', text: 'x\ny' },
      { file: 'sql/c.sql', output: 'src/generated/sql/c.queries.ts', text: '' },
    ])
    t.same(project.outputs, { folder: 'src/generated', suffix: '.queries.ts' })
    t.equal(project.moduleFor('src/generated/a/b.queries.ts'), 'ashlar')
  })

  t.test('imports the query class of ashlar itself by its path', async (t) => {
    const project = await readProject(process.cwd())
    t.equal(project.moduleFor('src/generated/a/b.queries.ts'), '../../engine/query.js')
  })

  const refused = {
    'text that is not JSON': ['{', /is not JSON/],
    'snake_case columns': [{ camelCaseColumnNames: false }, /"camelCaseColumnNames" must be true/],
    'a source folder outside': [{ srcDir: '../sql' }, /"srcDir" must lie in the project's folder/],
    'files that are left out': [{ transforms: [{ ...CONFIG.transforms[0], include: 'a/*.sql' }] }, /"include" must be/],
    'no template': [{ transforms: [{ mode: 'sql', include: '**/*.sql' }] }, /"emitTemplate" is missing/],
    'a template with logic': [
      { transforms: [{ ...CONFIG.transforms[0], emitTemplate: 'x/{{ name | upper }}.ts' }] },
      /"emitTemplate" may hold/,
    ],
    'two transforms': [{ transforms: [...CONFIG.transforms, ...CONFIG.transforms] }, /one transform of mode "sql"/],
    'a folder without .sql': [{ srcDir: 'src' }, /there is no .sql file in src/],
  } as const
  for (const [what, [config, message]] of Object.entries(refused)) {
    t.test(`refuses ${what}`, async (t) => {
      await t.rejects(readProject(projectWith(t, config)), { name: 'GenerateError', message })
    })
  }

  t.test('refuses a missing configuration', async (t) => {
    await t.rejects(readProject(t.testdir({})), { message: /^pgtyped.config.json: is missing in / })
  })

  t.test('refuses two files that would share an output', async (t) => {
    const folder = projectWith(t, {}, { x: { a: { 'b.sql': '' } }, y: { a: { 'b.sql': '' } } })
    await t.rejects(readProject(folder), {
      message: 'sql/y/a/b.sql: has the same output as sql/x/a/b.sql: src/generated/a/b.queries.ts',
    })
  })
})
