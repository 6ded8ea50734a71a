import t from 'tap'
import { z } from 'zod'
import { jsonObjectOf, shapes } from '../../src/engine/shapes.js'

const open = jsonObjectOf({ risk: z.string().optional() })

/** Gives the messages for a value that is refused, none for one that is taken. */
function refusals(shape: z.ZodType, value: unknown): string[] {
  return shape.safeParse(value).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []
}

t.test('JSON objects', async (t) => {
  t.test('are plain: of anything else nothing would be stored', async (t) => {
    for (const value of [
      new Error('x'),
      new Map([['a', 1]]),
      new Date(),
      Object.create({ risk: 'low' }),
      [],
      null,
      'x',
    ]) {
      for (const shape of [open, shapes.jsonObject]) {
        t.same(refusals(shape, value), [': must be a plain object, without a key `__proto__`'])
      }
    }
    t.same(refusals(open, Object.assign(Object.create(null), { risk: 'low' })), [])
  })

  t.test('have no key `__proto__`, which would be dropped in silence', async (t) => {
    const value = JSON.parse('{"risk": "low", "__proto__": {"a": 1}}')
    t.same(refusals(open, value), [': must be a plain object, without a key `__proto__`'])
  })

  t.test('must not contain themselves', async (t) => {
    const child: Record<string, unknown> = { name: 'child' }
    child.parents = [{ child }]
    t.same(refusals(open, { child }), ['child.parents.0.child: must not contain itself'])
  })

  t.test('may hold one object in many places, up to a million values as JSON has them', async (t) => {
    const doubled = (times: number) => {
      let value: unknown = 'leaf'
      for (let time = 0; time < times; time += 1) value = [value, value]
      return { value }
    }
    t.same(refusals(open, doubled(10)), [])
    t.same(refusals(open, doubled(60)), ['value: must not have more than 1000000 values'])
  })

  t.test('are nested 100 deep at the most', async (t) => {
    const nested = (depth: number) => {
      let value: unknown = 1
      for (let level = 0; level < depth; level += 1) value = [value]
      return { value }
    }
    t.same(refusals(open, nested(99)), [])
    t.match(refusals(open, nested(101)), [/must not be nested deeper than 100/])
  })
})

t.test('instants', async (t) => {
  t.test('are those that PostgreSQL has', async (t) => {
    t.same(refusals(shapes.instant, new Date('-004713-11-24T00:00:00Z')), [])
    t.same(refusals(shapes.instant, new Date(8.64e15)), [])
    t.match(refusals(shapes.instant, new Date(-8.64e15)), [/Too small/])
    t.match(refusals(shapes.instant, new Date(Number.NaN)), [/Invalid/])
  })
})
