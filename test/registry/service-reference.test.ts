import t from 'tap'
import type { ServiceListOptions } from '../../src/registry/service-list.js'
import type { ServiceSummary } from '../../src/registry/service-row.js'
import { compareWithReference } from '../agent/fixtures/reference-list.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { fillServices } from './fixtures/many-services.js'
import { serviceFilters, serviceSorts } from './fixtures/service-reference.js'

const ROWS = 2_000

const db = await connectTestDatabase(t)
const { services } = db
await fillServices(db, ROWS)
const rows = await db.query<ServiceSummary>('SELECT * FROM registry.service')

/** Filters leave out the deleted unless they say otherwise. */
const withDefault = (options: ServiceListOptions): ServiceListOptions => ({ deleted: 'included', ...options })

t.test('listServices and countServices', async (t) => {
  t.test(`give what a naive reference gives, over ${ROWS} rows`, async (t) => {
    t.equal(rows.length, ROWS)
    await compareWithReference<ServiceSummary, ServiceListOptions>(t, {
      rows,
      idOf: (row) => row.serviceId,
      list: (options) => services.list(withDefault(options)),
      count: (filter) => services.count(withDefault(filter)),
      filters: serviceFilters,
      sorts: serviceSorts,
    })
  })

  for (const sort of ['name', 'newest', 'priority', 'health', 'fastest'] as const) {
    t.test(`walk the pages by ${sort} back as they came`, async (t) => {
      const options = { sort, limit: 301, deleted: 'included' } as const
      const forward = [await services.list(options)]
      for (let cursor = forward[0]?.next; cursor; cursor = forward.at(-1)?.next) {
        forward.push(await services.list({ ...options, cursor }))
      }
      const back = forward.slice(-1)
      for (let cursor = back[0]?.previous; cursor; cursor = back[0]?.previous) {
        back.unshift(await services.list({ ...options, cursor }))
      }
      const ids = (pages: typeof back) => pages.flatMap(({ items }) => items.map(({ serviceId }) => serviceId))
      t.equal(new Set(ids(forward)).size, ROWS)
      t.same(ids(back), ids(forward))
    })

    t.test(`walk the pages by ${sort} and meet each row that stays once, while others come and go`, async (t) => {
      const met: string[] = []
      let cursor: string | null | undefined
      let round = 0
      do {
        const page = await services.list({ sort, limit: 100, deleted: 'included', cursor })
        met.push(...page.items.map(({ serviceId }) => serviceId))
        cursor = page.next
        round += 1
        await db.query(`DELETE FROM registry.service WHERE name LIKE 'gone%'`)
        await db.query(
          `INSERT INTO registry.service (name, priority, health_score, response_time_ms)
          SELECT
            'gone-' || chr(97 + (i + $1::int) % 26) || i || '-' || $2::text,
            (enum_range(NULL::registry.service_priority))[1 + i % 4],
            i / 40.0,
            i * 10
          FROM generate_series(0, 39) AS i`,
          [round, sort],
        )
      } while (cursor !== null)
      await db.query(`DELETE FROM registry.service WHERE name LIKE 'gone%'`)
      t.ok(round >= ROWS / 100)
      t.equal(new Set(met).size, met.length, 'none twice')
      const stayed = new Set(rows.map(({ serviceId }) => serviceId))
      t.equal(met.filter((id) => stayed.has(id)).length, ROWS)
    })
  }
})
