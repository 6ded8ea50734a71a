import fc from 'fast-check'
import t from 'tap'
import { sortKeys } from '../../src/engine/list-page.js'
import { decodeCursor, toPage } from '../../src/engine/page.js'
import { ValidationError } from '../../src/errors.js'

const ID = '01900000-0000-7000-8000-000000000000'
const list = 'listThings'
const sort = 'name'
const keyOf = (key: number) => ({ key, id: ID })

/** Walks a list of `count` rows by pages, as a query with `limit + 1` would serve them. */
function fetchPage(rows: readonly number[], limit: number, text: string | null) {
  const cursor = text === null ? null : decodeCursor(text, list, sort, sortKeys.number)
  const key = cursor?.key as number
  const fetched =
    cursor === null
      ? rows
      : cursor.direction === 'after'
        ? rows.filter((row) => row > key)
        : rows.filter((row) => row < key).reverse()
  return toPage(fetched.slice(0, limit + 1), { list, sort, limit, cursor }, keyOf)
}

t.test('toPage', async (t) => {
  t.test('walks every row once, forward to the end and back to the start', async () => {
    const sizes = fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 7 }))
    fc.assert(
      fc.property(sizes, ([count, limit]) => {
        const rows = Array.from({ length: count }, (_, index) => index)
        const forward = [fetchPage(rows, limit, null)]
        for (let page = forward[0]; page?.next; page = forward.at(-1)) forward.push(fetchPage(rows, limit, page.next))
        const back = [forward.at(-1) as (typeof forward)[number]]
        for (let page = back[0]; page?.previous; page = back[0]) back.unshift(fetchPage(rows, limit, page.previous))
        // Every page but the ends has both neighbours, whichever way it was reached.
        const isInside = [...forward.slice(1, -1), ...back.slice(1, -1)].every(({ next, previous }) => next && previous)
        const hasEnds =
          forward[0]?.previous === null &&
          forward.at(-1)?.next === null &&
          (back.length === 1 || back[0]?.next !== null)
        const all = (pages: typeof forward) => JSON.stringify(pages.flatMap(({ items }) => items))
        return isInside && hasEnds && all(forward) === JSON.stringify(rows) && all(back) === all(forward)
      }),
    )
  })

  t.test('has no neighbours when all rows fit', async (t) => {
    t.same(fetchPage([1, 2], 2, null), { items: [1, 2], next: null, previous: null })
  })

  t.test('leads back when the rows that a cursor pointed to are gone', async (t) => {
    const { next } = fetchPage([1, 2, 3], 2, null)
    const gone = fetchPage([1], 2, next)
    t.same([gone.items, gone.next], [[], null])
    t.same(fetchPage([1], 2, gone.previous).items, [1])
    const { previous } = fetchPage([1, 2, 3], 2, next)
    const goneBefore = fetchPage([3, 4], 2, previous)
    t.same([goneBefore.items, goneBefore.previous], [[], null])
    t.same(fetchPage([3, 4], 2, goneBefore.next).items, [4])
  })

  t.test('has no neighbours when there are no rows', async (t) => {
    t.same(fetchPage([], 2, null), { items: [], next: null, previous: null })
  })
})

t.test('decodeCursor', async (t) => {
  const { next } = fetchPage([1, 2, 3], 2, null)
  const forge = (change: object) => {
    const cursor = JSON.parse(Buffer.from(String(next), 'base64url').toString()) as object
    return Buffer.from(JSON.stringify({ ...cursor, ...change })).toString('base64url')
  }
  const cases: readonly [string, string, string, string, RegExp][] = [
    [
      'is of another list',
      String(next),
      'listOthers',
      'name',
      /^listOthers: cursor: belongs to another list, listThings$/,
    ],
    ['is of another sort', String(next), list, 'newest', /belongs to the same list in another sort, name$/],
    ['is forged, without repeating it', forge({ list: 'canary-8d1f' }), list, sort, /belongs to another list$/],
    ['is no cursor', 'x', list, sort, /^listThings: cursor: is not a cursor that a page gave$/],
    ['is JSON of something else', Buffer.from('{"a":1}').toString('base64url'), list, sort, /not a cursor/],
    ['is empty', '', list, sort, /not a cursor/],
    ['has a key of another type', forge({ key: 'three' }), list, sort, /not a cursor/],
    ['has no id', forge({ id: 'x' }), list, sort, /not a cursor/],
  ]
  for (const [name, text, asked, by, message] of cases) {
    t.test(`refuses what ${name}`, async (t) => {
      t.throws(() => decodeCursor(text, asked, by, sortKeys.number), ValidationError)
      t.throws(() => decodeCursor(text, asked, by, sortKeys.number), { message })
    })
  }
})
