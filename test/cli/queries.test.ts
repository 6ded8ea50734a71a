import pg from 'pg'
import t from 'tap'
import { listTemplates } from '../../src/generated/agent/template.queries.js'
import { connect } from '../../src/index.js'
import { createTestDatabase } from '../fixtures/database.js'
import { run } from './fixtures/command.js'
import { writeFiles } from './fixtures/files.js'

t.test('queries', async (t) => {
  t.test('lists the queries that use a table, with what they take', async (t) => {
    const { code, stdout, stderr } = await run(t, ['queries', '--table', 'core.operation'])
    t.same([code, stderr], [0, ''])
    t.equal(
      stdout,
      [
        'findOperation  read  sql/core/operation.sql',
        '  reads       core.operation',
        '  required    operationId text',
        '',
        'deleteOldOperations  write  sql/core/operation.sql',
        '  reads       core.operation',
        '  writes      core.operation',
        '  required    olderThanMs float8, batchSize int8',
        '',
      ].join('\n'),
    )
  })

  t.test('lists those of a file, or all, for programs', async (t) => {
    const [one, all] = await Promise.all([
      run(t, ['queries', '--json', '--file', 'id.sql']),
      run(t, ['queries', '--json']),
    ])
    t.same(JSON.parse(one.stdout), [
      {
        name: 'newIds',
        file: 'sql/core/id.sql',
        isRead: false,
        tables: { read: [], written: [] },
        parameters: [{ name: 'count', type: 'int4', presence: 'required' }],
        columns: [{ name: 'id', type: 'uuid', isNullable: false }],
      },
    ])
    const names = (JSON.parse(all.stdout) as { name: string }[]).map(({ name }) => name)
    for (const name of ['newIds', 'listTemplates', 'createModification']) t.ok(names.includes(name), name)
  })

  t.test('says so when a table is in none', async (t) => {
    const { code, stdout, stderr } = await run(t, ['queries', '--table', 'plate'])
    t.same([code, stdout], [0, ''])
    t.match(stderr, /^none of \d+ queries is like that\n$/)
  })

  t.test('shows one with its rows and its SQL', async (t) => {
    const { code, stdout } = await run(t, ['queries', 'listTemplates'])
    t.equal(code, 0)
    t.match(stdout, /^listTemplates {2}read {2}sql\/agent\/template\.sql\n {2}reads {7}agent\.template\n/)
    t.match(stdout, /^ {2}choices {5}order: name, name-down, newest,/m)
    t.match(stdout, /^ {2}needed with cursorCreatedAt or .*: cursorId uuid$/m)
    t.match(stdout, 'estimatedSetupMinutes int8 or NULL')
    t.match(stdout, /-- @if order=name & cursorName\n/)
  })

  t.test('prints one for psql, which gives the rows that the library gives', async (t) => {
    const access = await createTestDatabase(t)
    const db = await connect({ ...access, pool: { min: 0, max: 1 } })
    t.teardown(() => db.close())
    const hostile = "a'b\\c \"d\" :'x' $1\n\\q -- ;é"
    for (const name of ['one', 'two', 'three', 'four']) {
      const template = {
        name,
        version: '1',
        category: hostile,
        files: {},
        tags: [hostile, name],
        complexity: 'simple',
      } as const
      await db.templates.create({ ...template, techStack: [], requiredVariables: [], optionalVariables: [] })
    }
    const params = ['order=name', 'limit=3', `category=${hostile}`, `tagsAll=${JSON.stringify([hostile])}`]
    const args = params.flatMap((param) => ['--param', param])
    const { code, stdout, stderr } = await run(t, ['queries', 'listTemplates', '--psql', ...args])
    t.same([code, stderr], [0, ''])
    const client = new pg.Client(access)
    await client.connect()
    const { rows } = await client.query(stdout)
    await client.end()
    const listed = await db.run(listTemplates, { order: 'name', limit: 3, category: hostile, tagsAll: [hostile] })
    t.same(
      rows.map((row) => [row.name, row.template_id]),
      listed.map((row) => [row.name, row.templateId]),
    )
    t.equal(rows.length, 3)
  })

  t.test('notes a parameter that changes nothing, beside the statement', async (t) => {
    const args = ['queries', 'listTemplates', '--psql', '--param', 'limit=1', '--param', 'cursorName=a']
    const { code, stdout, stderr } = await run(t, args)
    t.equal(code, 0)
    t.match(stdout, /LIMIT 1::int8;\n$/)
    t.match(stderr, /^cursorName changes nothing: /)
  })

  t.test('refuses what is not right as wrong usage, and says what is', async (t) => {
    const cases: readonly (readonly [args: string, says: string])[] = [
      ['listTemplate', 'there is no query listTemplate (did you mean listTemplates'],
      ['zzzzzz', 'there is no query zzzzzz (`ashlar queries` lists all)'],
      ['listTemplates --psql', 'error: listTemplates needs the parameters limit (int8)\n'],
      ['listTemplates --psql --param limit=canary', 'error: limit (int8) must be an integer'],
      ['listTemplates --psql --param ordr=name', 'listTemplates has no parameter ordr (did you mean order?); it has'],
      ['--psql', 'error: --psql prints one query: give its name'],
      ['listTemplates --param limit=1', 'error: --param is for --psql'],
      ['listTemplates --table template', 'error: --table and --file choose from the list: leave the name out'],
    ]
    await Promise.all(
      cases.map(async ([args, says]) => {
        const { code, stdout, stderr } = await run(t, ['queries', ...args.split(' ')])
        t.same([code, stdout], [64, ''], args)
        t.ok(stderr.includes(says), `${args}: ${stderr}`)
        t.match(stderr, 'Usage: ashlar queries [options] [name]')
        t.notMatch(stderr, 'canary')
      }),
    )
  })

  t.test("reads another project's manifest, wherever its outputs lie", async (t) => {
    const cwd = t.testdir({})
    const query = {
      name: 'listItems',
      file: 'sql/shop/item.sql',
      isRead: true,
      tables: { read: ['shop.item'], written: [] },
      parameterTypes: {},
      columns: [{ name: 'id', type: 'int8', isNullable: false }],
      ir: { params: [], statement: 'SELECT id\nFROM shop.item' },
    }
    writeFiles(cwd, {
      'shop/pgtyped.config.json': {
        srcDir: 'sql',
        transforms: [{ mode: 'sql', include: '**/*.sql', emitTemplate: './lib/sql/{{name}}.ts' }],
      },
      'shop/lib/sql/queries.json': { format: 1, queries: [query] },
    })
    const { code, stdout } = await run(t, ['queries', '--project', 'shop', 'listItems', '--psql'], { cwd })
    t.same([code, stdout], [0, '-- listItems, sql/shop/item.sql\nSELECT id\nFROM shop.item;\n'])
  })
})
