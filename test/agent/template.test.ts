import t from 'tap'
import type { Template } from '../../src/agent/template-row.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { newTemplate } from '../fixtures/template-row.js'
import { until } from '../fixtures/until.js'

const db = await connectTestDatabase(t)
const { templates } = db
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000'

t.test('createTemplate', async (t) => {
  t.test('stores every field and gives the row with id and times', async (t) => {
    const given = newTemplate()
    const { templateId, createdAt, updatedAt, fileCount, usageCount, lastUsedAt, ...stored } =
      await templates.create(given)
    t.same(stored, given)
    t.match(templateId, /^[0-9a-f]{8}-[0-9a-f]{4}-7/, 'a UUIDv7')
    t.same([fileCount, usageCount, lastUsedAt, createdAt], [2, 0, null, updatedAt])
  })

  t.test('needs no more than name, version and category', async (t) => {
    t.match(await templates.create({ name: 'bare', version: '1', category: 'cli' }), {
      description: null,
      files: {},
      fileCount: 0,
      requiredVariables: [],
      optionalVariables: [],
      techStack: [],
      tags: [],
      complexity: 'moderate',
      estimatedSetupMinutes: null,
    })
  })

  t.test('refuses a name that is taken', async (t) => {
    const given = newTemplate()
    await templates.create(given)
    await t.rejects(templates.create(given), {
      name: 'UniqueViolationError',
      constraint: 'template_name_key',
      query: 'createTemplate',
    })
  })

  t.test('keeps files of any name and content', async (t) => {
    const files = JSON.parse('{"__proto__": "a", "constructor": "", "..🧱": "🧱", ".env": "x", "a b/c d": "\\r\\n"}')
    const { templateId } = await templates.create(newTemplate({ files }))
    const stored = (await templates.get(templateId)).files
    t.same(Object.entries(stored).sort(), Object.entries(files).sort())
  })

  t.test('takes as much as the limits allow', async (t) => {
    const most = newTemplate({
      name: '🧱'.repeat(200),
      description: 'é-'.repeat(5_000),
      files: {
        ...Object.fromEntries(Array.from({ length: 996 }, (_, index) => [`${'p/'.repeat(248)}${index}`, ''])),
        ...Object.fromEntries(['a', 'b', 'c', 'd'].map((path) => [path, '\u0001'.repeat(1_000_000)])),
      },
      requiredVariables: Array.from({ length: 1_000 }, (_, index) => `${'v'.repeat(196)}${index}`),
      tags: Array.from({ length: 1_000 }, (_, index) => [...(index + '-𠀀'.repeat(100))].slice(0, 200).join('')),
      techStack: Array.from({ length: 1_000 }, (_, index) => '🧱'.repeat(196) + String(index)),
    })
    const { fileCount, tags } = await templates.create(most)
    t.same([fileCount, tags.length], [1_000, 1_000])
    t.match(await templates.upsert(most), { outcome: 'unchanged' })
  })

  const overlapping = { requiredVariables: ['a', 'b'], optionalVariables: ['b'] }
  const refused: readonly [string, object, string][] = [
    ['an empty name', { name: '' }, 'name: Too small: expected string to have >=1 characters'],
    ['a name of 201 characters', { name: 'é'.repeat(201) }, 'name: must have at most 200 characters'],
    [
      'an unknown complexity',
      { complexity: 'hard' },
      'complexity: Invalid option: expected one of "simple"|"moderate"|"complex"',
    ],
    ['minutes below 0', { estimatedSetupMinutes: -1 }, 'estimatedSetupMinutes: Too small: expected number to be >=0'],
    [
      'half a minute',
      { estimatedSetupMinutes: 0.5 },
      'estimatedSetupMinutes: Invalid input: expected int, received number',
    ],
    [
      'a variable that is both required and optional',
      overlapping,
      'optionalVariables: must not name a required variable',
    ],
    ['a variable named twice', { requiredVariables: ['a', 'a'] }, 'requiredVariables: must not name a variable twice'],
    [
      'a variable that is no identifier',
      { optionalVariables: ['1 a'] },
      'optionalVariables[0]: must start with a letter or `_` and go on with letters, digits, `_` or `-`',
    ],
    ['files that are no object', { files: ['a'] }, 'files: must be an object: content by path'],
    ['files that are a Map', { files: new Map() }, 'files: must be an object: content by path'],
    ['no files at all', { files: null }, 'files: must be an object: content by path'],
    [
      'content that is no text',
      { files: { 'a.ts': 5 } },
      'files["a.ts"]: Invalid input: expected string, received number',
    ],
    ['NUL in a file', { files: { a: '\0' } }, 'files.a: must not contain a NUL character or a lone surrogate'],
    [
      'NUL in a path',
      { files: { '\0': '' } },
      'files: has a path that cannot be used: must not contain a NUL character or a lone surrogate',
    ],
    [
      'a path of 501 characters',
      { files: { ['é'.repeat(501)]: '' } },
      'files: has a path that cannot be used: must have at most 500 characters',
    ],
    [
      'a path that leads out',
      { files: { 'a/../../b': '' } },
      'files["a/../../b"]: is no path that is relative and has no segment that is empty or ends in a dot or a space, no backslash, drive letter or control character',
    ],
    ['a file that is also a folder', { files: { 'a/b': '', a: '' } }, 'files.a: is a file and a folder'],
    ['a file too long', { files: { a: 'x'.repeat(1_000_001) } }, 'files.a: must have at most 1000000 characters'],
    [
      'too many files',
      { files: Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`${index}`, ''])) },
      'files: must have at most 1000 files',
    ],
    [
      'too much in all files',
      { files: Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`${index}`, 'x'.repeat(910_000)])) },
      'files: must have at most 10000000 bytes in all',
    ],
    [
      'too many bytes, though not too many characters',
      { files: Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`${index}`, 'é'.repeat(900_000)])) },
      'files: must have at most 10000000 bytes in all',
    ],
    ['an unknown field', { titel: 'x' }, 'Unrecognized key: "titel"'],
  ]
  for (const [what, overrides, message] of refused) {
    t.test(`refuses ${what} by name, before anything is sent`, async (t) => {
      const { statements } = db.stats().pool
      await t.rejects(templates.create({ ...newTemplate(), ...overrides }), {
        name: 'ValidationError',
        message: `createTemplate: ${message}`,
      })
      t.equal(db.stats().pool.statements, statements)
    })
  }
})

t.test('upsertTemplates', async (t) => {
  t.test('creates, updates or leaves each, in order', async (t) => {
    const kept = newTemplate()
    const changed = newTemplate()
    const before = await templates.create(kept)
    const old = await templates.create(changed)
    const results = await templates.upsertMany([{ ...changed, version: '2' }, newTemplate(), kept])
    t.same(
      results.map(({ outcome }) => outcome),
      ['updated', 'created', 'unchanged'],
    )
    t.equal(results[0]?.templateId, old.templateId)
    t.equal((await templates.get(old.templateId)).version, '2')
    t.same(await templates.get(String(results[2]?.templateId)), before)
    t.ok(await templates.exists(String(results[1]?.templateId)))
  })

  t.test('takes one', async (t) => {
    const given = newTemplate()
    const { templateId, outcome } = await templates.upsert(given)
    t.equal(outcome, 'created')
    t.same(await templates.upsert(given), { templateId, outcome: 'unchanged' })
    t.same(await templates.upsert({ ...given, tags: [] }), { templateId, outcome: 'updated' })
    await t.rejects(templates.upsert({ ...given, version: '' }), { message: /^upsertTemplates: version: Too small/ })
  })

  t.test('does not write a row that would not change', async (t) => {
    const given = newTemplate()
    const { templateId } = await templates.create(given)
    const version = async () => await db.query('SELECT ctid FROM agent.template WHERE template_id = $1', [templateId])
    const before = await version()
    await templates.upsert(given)
    t.same(await version(), before)
  })

  t.test('sees a difference in every field', async (t) => {
    const given = newTemplate()
    const { createdAt } = await templates.create(given)
    for (const [field, value] of Object.entries(otherValues)) {
      const result = await templates.upsert({ ...given, [field]: value })
      t.equal(result.outcome, 'updated', field)
      const stored = await templates.get(result.templateId)
      t.same(stored[field as keyof Template], value)
      t.same(stored.createdAt, createdAt)
      await templates.upsert(given)
    }
  })

  t.test('keeps the uses', async (t) => {
    const given = newTemplate()
    const { templateId } = await templates.create(given)
    const { lastUsedAt } = await templates.recordUse(templateId)
    await templates.upsert({ ...given, version: '2' })
    t.match(await templates.get(templateId), { usageCount: 1, lastUsedAt, version: '2' })
  })

  t.test('gives the id also of a template that another transaction committed meanwhile', async (t) => {
    const given = newTemplate()
    let upserting: Promise<unknown> | undefined
    const { templateId } = await db.transaction(async (tx) => {
      const created = await tx.templates.create(given)
      upserting = templates.upsert(given)
      await until(async () => {
        const [row] = await db.query<{ waiting: number }>(
          "SELECT count(*) AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        return row?.waiting === 1
      })
      return created
    })
    t.same(await upserting, { templateId, outcome: 'unchanged' })
  })

  t.test('does not deadlock with another one of the same templates in another order', async (t) => {
    const given = Array.from({ length: 200 }, () => newTemplate())
    const rounds = [given, given.toReversed(), given, given.toReversed()].map((all, round) =>
      templates.upsertMany(all.map((template) => ({ ...template, description: `round ${round}` }))),
    )
    t.equal((await Promise.all(rounds)).flat().length, 800)
  })

  t.test('takes none', async (t) => {
    t.same(await templates.upsertMany([]), [])
  })

  t.test('gives the id of the row that is there when another transaction replaces one meanwhile', async (t) => {
    const [kept, replaced, late] = [newTemplate(), newTemplate(), newTemplate()]
    await templates.upsertMany([kept, replaced])
    const old = await templates.findByName(replaced.name)
    const done = await db.transaction(async (tx) => {
      await tx.templates.delete(String(old?.templateId))
      await tx.templates.upsertMany([replaced, late])
      // Waits for what this transaction has not committed yet.
      const upsert = templates.upsertMany([kept, replaced, late])
      await until(async () => {
        const [row] = await tx.query<{ waiting: number }>(
          'SELECT count(*)::int AS waiting FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())',
        )
        return row?.waiting === 1
      })
      return { upsert }
    })
    const results = await done.upsert
    t.same(
      results.map(({ outcome }) => outcome),
      ['unchanged', 'unchanged', 'unchanged'],
    )
    const expected = await Promise.all([
      templates.findByName(kept.name),
      templates.findByName(replaced.name),
      templates.findByName(late.name),
    ])
    t.same(
      results.map(({ templateId }) => templateId),
      expected.map((row) => row?.templateId),
    )
    t.not(expected[1]?.templateId, old?.templateId)
  })

  t.test('writes none when one is refused', async (t) => {
    const fresh = newTemplate()
    const given = [fresh, newTemplate({ files: { '/etc/passwd': '' } }), { ...newTemplate(), files: null as never }]
    await t.rejects(templates.upsertMany(given), {
      message: /\[1\]\.files\["\/etc\/passwd"\]: is no path .*; \[2\]\.files: must be an object/,
    })
    await t.rejects(templates.upsertMany([fresh, newTemplate(), fresh]), {
      message: 'upsertTemplates: [2]: has the name of [0]',
    })
    t.equal(await templates.findByName(fresh.name), null)
  })

  t.test('refuses more than it can send at once', async (t) => {
    const files = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`${index}`, 'x'.repeat(1_000_000)]))
    await t.rejects(templates.upsertMany(Array.from({ length: 6 }, () => newTemplate({ files }))), {
      message: 'upsertTemplates: must have at most 50000000 bytes of files in all',
    })
    await t.rejects(templates.upsertMany(new Array(10_001).fill(newTemplate())), {
      message: /Too big: expected array to have <=10000 items/,
    })
  })
})

t.test('findTemplate', async (t) => {
  t.test('gives the template, or null', async (t) => {
    const created = await templates.create(newTemplate())
    t.same(await templates.find(created.templateId), created)
    t.same(await templates.get(created.templateId), created)
    t.equal(await templates.find(UNKNOWN_ID), null)
  })

  t.test('is an error from get when there is none', async (t) => {
    await t.rejects(templates.get(UNKNOWN_ID), {
      name: 'NotFoundError',
      message: 'findTemplate: no such row in agent.template',
    })
  })

  t.test('refuses what is no UUID', async (t) => {
    await t.rejects(templates.find('42'), { message: 'findTemplate: templateId: must be a UUID' })
  })
})

t.test('findTemplates', async (t) => {
  t.test('gives for each id, in their order, the template or null', async (t) => {
    const one = await templates.create(newTemplate())
    const other = await templates.create(newTemplate())
    await templates.create(newTemplate())
    const ids = [other, one, other].map(({ templateId }) => templateId)
    const { statements } = db.stats().pool
    const found = await templates.findMany([UNKNOWN_ID, ...ids, one.templateId.toUpperCase()])
    t.same(found, [null, other, one, other, one])
    t.not(found[1], found[3])
    t.equal(db.stats().pool.statements, statements + 1)
    t.same(await templates.findMany([]), [])
  })

  t.test('gives what find gives, to lookups that are coalesced', async (t) => {
    const one = await templates.create(newTemplate())
    const other = await templates.create(newTemplate())
    const coalesced = db.with({ coalesce: true }).templates
    const { statements } = db.stats().pool
    const ids = [one.templateId, UNKNOWN_ID, other.templateId, one.templateId.toUpperCase()]
    t.same(await Promise.all(ids.map((id) => coalesced.find(id))), [one, null, other, one])
    t.equal(db.stats().pool.statements, statements + 1)
    await t.rejects(Promise.all([coalesced.get(one.templateId), coalesced.get(UNKNOWN_ID)]), {
      name: 'NotFoundError',
      query: 'findTemplate',
    })
  })

  t.test('takes 10,000 ids, no more, and only UUIDs', async (t) => {
    const ids = new Array<string>(10_000).fill(UNKNOWN_ID)
    t.equal((await templates.findMany(ids)).length, 10_000)
    await t.rejects(templates.findMany([...ids, UNKNOWN_ID]), { name: 'ValidationError' })
    await t.rejects(templates.findMany([UNKNOWN_ID, '42']), {
      message: 'findTemplates: templateIds[1]: must be a UUID',
    })
  })
})

t.test('findTemplateByName', async (t) => {
  t.test('gives the template of that name, or null', async (t) => {
    const created = await templates.create(newTemplate())
    t.same(await templates.findByName(created.name), created)
    t.equal(await templates.findByName('no such template'), null)
  })
})

t.test('existsTemplate', async (t) => {
  t.test('tells whether there is such a template', async (t) => {
    const { templateId } = await templates.create(newTemplate())
    t.equal(await templates.exists(templateId), true)
    t.equal(await templates.exists(UNKNOWN_ID), false)
  })
})

/** For each field but the name a value that differs from those of newTemplate. */
const otherValues: Partial<Template> = {
  version: '2.0.0',
  description: null,
  category: 'frontend',
  files: { 'package.json': '', 'src/main.ts': '' },
  requiredVariables: ['name'],
  optionalVariables: [],
  techStack: ['rust'],
  tags: [],
  complexity: 'complex',
  estimatedSetupMinutes: null,
}

t.test('updateTemplate', async (t) => {
  t.test('changes only what is given, for every field', async (t) => {
    const before = await templates.create(newTemplate())
    let expected = before
    for (const [field, value] of Object.entries({ ...otherValues, name: 'another name', files: { a: '' } })) {
      expected = { ...expected, [field]: value, ...(field === 'files' ? { fileCount: 1 } : {}) }
      const { updatedAt, ...after } = await templates.update(before.templateId, { [field]: value })
      t.same({ ...after, updatedAt: before.updatedAt }, expected, field)
    }
  })

  t.test('moves updatedAt with every field, and never createdAt', async (t) => {
    for (const [field, value] of Object.entries({ ...otherValues, name: 'moved name' })) {
      const before = await templates.create(newTemplate())
      await until(() => Date.now() > before.createdAt.getTime() + 1)
      const after = await templates.update(before.templateId, { [field]: value })
      t.ok(after.updatedAt > before.updatedAt, field)
      t.same(after.createdAt, before.createdAt)
    }
  })

  t.test('leaves the row as it is when nothing, or nothing new, is given', async (t) => {
    const given = newTemplate()
    const before = await templates.create(given)
    await until(() => Date.now() > before.createdAt.getTime() + 1)
    t.same(await templates.update(before.templateId, {}), before)
    t.same(await templates.update(before.templateId, given), before)
  })

  t.test('refuses a variable that is both required and optional, by whoever can know it', async (t) => {
    const { templateId } = await templates.create(newTemplate())
    await t.rejects(templates.update(templateId, { requiredVariables: ['a'], optionalVariables: ['a'] }), {
      name: 'ValidationError',
      message: 'updateTemplate: optionalVariables: must not name a required variable',
    })
    for (const changes of [{ requiredVariables: ['licence'] }, { optionalVariables: ['name'] }]) {
      await t.rejects(templates.update(templateId, changes), {
        name: 'CheckViolationError',
        constraint: 'template_variables_overlap',
        table: 'agent.template',
      })
    }
    await t.resolves(templates.update(templateId, { requiredVariables: ['licence'], optionalVariables: ['name'] }))
  })

  t.test('refuses to clear what must be there', async (t) => {
    const { templateId } = await templates.create(newTemplate())
    await t.rejects(templates.update(templateId, { version: null as never }), { message: /version: Invalid input/ })
  })

  t.test('refuses a name that is taken', async (t) => {
    const first = await templates.create(newTemplate())
    const second = await templates.create(newTemplate())
    await t.rejects(templates.update(first.templateId, { name: second.name }), { name: 'UniqueViolationError' })
  })

  t.test('is an error when there is no such template', async (t) => {
    await t.rejects(templates.update(UNKNOWN_ID, { version: '2' }), { name: 'NotFoundError', query: 'updateTemplate' })
  })
})

t.test('deleteTemplate', async (t) => {
  t.test('removes the template, and tells whether there was one', async (t) => {
    const { templateId } = await templates.create(newTemplate())
    t.equal(await templates.delete(templateId), true)
    t.equal(await templates.find(templateId), null)
    t.equal(await templates.delete(templateId), false)
  })
})
