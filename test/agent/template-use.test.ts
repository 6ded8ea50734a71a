import t from 'tap'
import { connectTestDatabase } from '../fixtures/database.js'
import { newTemplate } from '../fixtures/template-row.js'
import { until } from '../fixtures/until.js'

const db = await connectTestDatabase(t)
const { templates } = db
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000'

t.test('recordTemplateUse', async (t) => {
  t.test('counts a use and its time, and changes nothing else', async (t) => {
    const { files, ...before } = await templates.create(newTemplate())
    await until(() => Date.now() > before.createdAt.getTime() + 1)
    const { usageCount, lastUsedAt, ...after } = await templates.recordUse(before.templateId)
    t.same({ ...after, usageCount: 0, lastUsedAt: null }, before)
    t.equal(usageCount, 1)
    t.ok(lastUsedAt !== null && lastUsedAt > before.updatedAt)
    t.same(await templates.get(before.templateId), { ...after, usageCount, lastUsedAt, files })
  })

  t.test('loses no use when many record at once', async (t) => {
    const { templateId } = await templates.create(newTemplate())
    await Promise.all(Array.from({ length: 50 }, () => templates.recordUse(templateId)))
    t.equal((await templates.get(templateId)).usageCount, 50)
  })

  t.test('keeps the later time when an older transaction records after it', async (t) => {
    const { templateId } = await templates.create(newTemplate())
    const [older, newer] = await db.transaction(async (tx) => {
      await tx.query('SELECT 1')
      await until(async () => (await db.templates.find(templateId)) !== null)
      const later = await templates.recordUse(templateId)
      return [await tx.templates.recordUse(templateId), later]
    })
    t.same([older?.usageCount, older?.lastUsedAt], [2, newer?.lastUsedAt])
  })

  t.test('is an error when there is no such template', async (t) => {
    await t.rejects(templates.recordUse(UNKNOWN_ID), {
      name: 'NotFoundError',
      message: 'recordTemplateUse: no such row in agent.template',
    })
    await t.rejects(templates.recordUse('42'), { message: 'recordTemplateUse: templateId: must be a UUID' })
  })
})

t.test('mostUsed', async (t) => {
  t.test('gives the most used first, and none that was never used', async (t) => {
    await templates.deleteMany({}, { maxRows: 'unlimited' })
    const uses = [0, 2, 1, 3, 0]
    for (const [index, count] of uses.entries()) {
      const { templateId } = await templates.create(newTemplate({ name: `used ${index}` }))
      for (let use = 0; use < count; use += 1) await templates.recordUse(templateId)
    }
    const names = async (limit?: number) => (await templates.mostUsed(limit)).map(({ name }) => name)
    t.same(await names(), ['used 3', 'used 1', 'used 2'])
    t.same(await names(2), ['used 3', 'used 1'])
    await templates.upsertMany(Array.from({ length: 11 }, (_, index) => newTemplate({ name: `more ${index}` })))
    for (const { templateId } of (await templates.list()).items) await templates.recordUse(templateId)
    t.equal((await names()).length, 10)
    t.notOk('files' in ((await templates.mostUsed())[0] ?? {}))
    await t.rejects(templates.mostUsed(0), { name: 'ValidationError', message: /limit: Too small/ })
  })
})

t.test('findTemplateVariables', async (t) => {
  const { templateId } = await templates.create(
    newTemplate({ requiredVariables: ['port', 'name'], optionalVariables: ['licence'] }),
  )

  const cases: readonly [string, Parameters<typeof templates.missingVariables>[1], object][] = [
    ['all required ones for none', [], { missing: ['port', 'name'], unknown: [] }],
    ['none when all are given', ['name', 'port'], { missing: [], unknown: [] }],
    ['none for optional ones', ['name', 'port', 'licence'], { missing: [], unknown: [] }],
    ['what the template does not have, once', ['x y', 'name', 'x y'], { missing: ['port'], unknown: ['x y'] }],
    [
      'the keys of an object',
      { name: null, port: 80, constructor: 1 },
      { missing: ['name'], unknown: ['constructor'] },
    ],
    ['undefined as not given', { name: undefined, port: '' }, { missing: ['name'], unknown: [] }],
  ]
  for (const [what, given, expected] of cases) {
    t.test(`tells ${what}`, async (t) => {
      t.same(await templates.missingVariables(templateId, given), expected)
    })
  }

  t.test('is an error when there is no such template', async (t) => {
    await t.rejects(templates.missingVariables(UNKNOWN_ID, []), {
      name: 'NotFoundError',
      query: 'findTemplateVariables',
    })
  })

  t.test('refuses what has no names', async (t) => {
    for (const given of [null, 'name', [1], new Map([['name', 1]])]) {
      await t.rejects(templates.missingVariables(templateId, given as never), {
        name: 'ValidationError',
        message: 'findTemplateVariables: given: must be an array of names, or an object whose keys are names',
      })
    }
  })
})
