import t from 'tap'
import { explain, type PlanNode, planNodes } from '../../src/engine/explain.js'
import type { AnyQuery } from '../../src/engine/query.js'
import {
  type CountServicesParams,
  countFoundServices,
  countServices,
  type ListServicesParams,
  listServices,
} from '../../src/generated/registry/service.queries.js'
import type { ServiceListOptions } from '../../src/registry/service-list.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { fillServices } from './fixtures/many-services.js'

const db = await connectTestDatabase(t)
const { services } = db
await fillServices(db, 300)

t.test('listServices', async (t) => {
  t.test(
    'gives services by name, 50 at most, without their config and without the deleted, and the total when asked',
    async (t) => {
      const { items, total, previous } = await services.list({ withTotal: true })
      t.equal(items.length, 50)
      t.equal(previous, null)
      t.equal(total, await services.count())
      const names = items.map(({ name }) => name)
      t.same(names, names.toSorted(), 'by bytes, whatever the collation of the database')
      t.notOk(items.some((row) => 'config' in row || 'search' in row || 'healthRank' in row))
      t.ok(items.every(({ deletedAt }) => deletedAt === null))
      t.type(items[0]?.metadata.limits, 'object')
    },
  )

  t.test('takes a pattern letter by letter, but for * and ?', async (t) => {
    const named = async (namePattern: string) => {
      const { items } = await services.list({ namePattern, deleted: 'included', limit: 500 })
      return new Set(items.map(({ name }) => name.replace(/-.*/, '')))
    }
    t.same(await named('a_b*'), new Set(['a_b']))
    t.same(await named('a%*'), new Set(['a%b']))
    t.same(await named('a?b-*'), new Set(['a_b', 'a%b']))
    t.same(await named('BETA*'), new Set())
    t.same(await named('*ta**'), new Set(['Beta']))
    t.same(await named('\\*'), new Set())
  })

  t.test('knows a share as the caller writes it', async (t) => {
    await db.query(`INSERT INTO registry.service (name, success_count, failure_count) VALUES ('seven', 7, 93)`)
    // 0.07 * 100 is a little more than 7.
    const found = await services.list({ namePattern: 'seven', successRateFrom: 0.07, successRateTo: 0.07 })
    t.equal(found.items.length, 1)
    t.equal(await services.count({ namePattern: 'seven', successRateFrom: 0.0700001 }), 0)
    t.equal(await services.count({ namePattern: 'seven', successRateTo: 0.0699999 }), 0)
    await db.query(`DELETE FROM registry.service WHERE name = 'seven'`)
  })

  t.test('finds by the first and the last instant that there are', async (t) => {
    const first = new Date('-004713-11-24T00:00:00Z')
    t.equal(await services.count({ seenBefore: first }), 0)
    t.equal(await services.count({ seenAfter: first }), await services.count({ seenBefore: new Date(8.64e15) }))
  })

  const refused: readonly [string, object, RegExp][] = [
    ['an unknown sort', { sort: 'age' }, /sort: Invalid option/],
    ['a limit of 501', { limit: 501 }, /limit: Too big/],
    ['an unknown filter', { tags: ['a'] }, /Unrecognized key: "tags"/],
    ['any of none', { tagsAny: [] }, /tagsAny: Too small/],
    ['an unknown status', { status: ['ill'] }, /status: Invalid option: expected one or several of healthy/],
    ['a share above 1', { successRateTo: 1.1 }, /successRateTo: Too big/],
    ['a negative time', { responseTimeMsFrom: -1 }, /responseTimeMsFrom: Too small/],
    ['an unknown way with the deleted', { deleted: true }, /deleted: Invalid option/],
    ['an empty pattern', { namePattern: '' }, /namePattern: Too small/],
    ['NUL', { endpoint: 'a\0' }, /endpoint: must not contain a NUL character/],
    ['a text of 301 characters', { text: 'x'.repeat(301) }, /text: must have at most 300 characters/],
    ['what is no cursor', { cursor: 'x' }, /cursor: is not a cursor that a page gave/],
  ]
  for (const [what, options, message] of refused) {
    t.test(`refuses ${what}`, async (t) => {
      await t.rejects(services.list(options), { name: 'ValidationError', message })
    })
  }

  t.test('refuses a cursor of another sort, and those of rows that cannot be', async (t) => {
    const { next } = await services.list({ limit: 1 })
    await t.rejects(services.list({ sort: 'health', cursor: next }), { message: /cursor: belongs to the same list/ })
    const id = '01900000-0000-7000-8000-000000000000'
    const forged: readonly [NonNullable<ServiceListOptions['sort']>, unknown][] = [
      ['priority', ''],
      ['priority', 'x'],
      ['priority', '4name'],
      ['health', 1.01],
      ['health', -0.5],
      ['health', 1e308],
      ['health', '1'],
      ['fastest', -1],
      ['fastest', 1e300],
      ['newest', 'now'],
      ['name', 'a\0'],
    ]
    for (const [sort, key] of forged) {
      const content = { list: 'listServices', sort, direction: 'after', key, id }
      const cursor = Buffer.from(JSON.stringify(content)).toString('base64url')
      await t.rejects(
        services.list({ sort, cursor }),
        { name: 'ValidationError', message: /cursor: / },
        `${sort} ${key}`,
      )
    }
  })
})

t.test('countServices', async (t) => {
  t.test('counts all that are not deleted, and what a filter finds', async (t) => {
    const [hidden, only] = [await services.count(), await services.count({ deleted: 'only' })]
    t.ok(only > 0)
    t.equal(hidden + only, 300)
    t.equal(await services.count({ deleted: 'included' }), 300)
  })

  t.test('refuses a malformed filter', async (t) => {
    await t.rejects(services.count({ successRateFrom: -1 }), { message: /^countServices: successRateFrom: Too small/ })
  })
})

/** A node of a plan, with what this test reads. */
type Node = PlanNode & { readonly 'Index Cond'?: string }

async function planOf<P>(query: AnyQuery<P, unknown>, params: P): Promise<readonly Node[]> {
  const plan = await explain(db, query as AnyQuery<never, unknown>, params as never, { isIndexed: true })
  return planNodes(plan) as readonly Node[]
}

t.test('indexes', async (t) => {
  const names = ['a']
  const at = new Date()
  const filters: readonly [CountServicesParams, string, string][] = [
    [{ buildTypes: ['docker'] }, 'service_build_type_idx', 'build_type'],
    [{ protocols: ['tcp'] }, 'service_protocol_idx', 'protocol'],
    [{ priorities: ['high'] }, 'service_priority_idx', 'priority'],
    [{ statuses: ['healthy'] }, 'service_status_idx', 'status'],
    [{ tagsAny: names }, 'service_tags_idx', '&&'],
    [{ tagsAll: names }, 'service_tags_idx', '@>'],
    [{ namePattern: '%alpha%' }, 'service_text_idx', '~~'],
    [{ endpoint: 'http://host4' }, 'service_endpoint_idx', 'endpoint'],
    [{ version: '1.0' }, 'service_version_idx', 'version'],
    [{ metadata: { region: 'eu' } }, 'service_metadata_idx', '@>'],
    [{ successRateFrom: 0.9 }, 'service_success_percent_idx', '>='],
    [{ successRateTo: 0.1 }, 'service_success_percent_idx', '<='],
    [{ responseTimeMsFrom: 100 }, 'service_response_time_class_idx', '>='],
    [{ responseTimeMsTo: 1 }, 'service_response_time_class_idx', '<='],
    [{ seenAfter: at }, 'service_last_seen_hour_idx', '>='],
    [{ seenBefore: at }, 'service_last_seen_hour_idx', '<='],
    [{ createdAfter: at }, 'service_created_at_idx', '>'],
    [{ createdBefore: at }, 'service_created_at_idx', '<'],
    [{ updatedAfter: at }, 'service_updated_at_idx', '>'],
    [{ updatedBefore: at }, 'service_updated_at_idx', '<'],
    [{ text: 'word7' }, 'service_search_idx', '@@'],
  ]
  for (const [filter, index, condition] of filters) {
    t.test(`${index} serves ${JSON.stringify(Object.keys(filter))}`, async (t) => {
      const nodes = await planOf(countServices, filter)
      t.ok(
        nodes.some((node) => node['Index Name'] === index && node['Index Cond']?.includes(condition)),
        JSON.stringify(nodes),
      )
    })
  }

  t.test('service_deleted_at_idx serves what is deleted', async (t) => {
    const nodes = await planOf(countServices, { deleted: 'only' })
    t.ok(nodes.some((node) => node['Index Name'] === 'service_deleted_at_idx'))
  })

  t.test('service_search_idx and service_pkey serve the search', async (t) => {
    const indexes = (await planOf(countFoundServices, { query: 'word7' })).map((node) => node['Index Name'])
    t.ok(indexes.includes('service_search_idx') && indexes.includes('service_pkey'), JSON.stringify(indexes))
  })

  t.test('service_text_idx serves what is similar', async (t) => {
    const plan = await db.transaction(async (tx) => {
      await tx.query('SET LOCAL enable_seqscan TO off')
      return tx.query(
        `EXPLAIN SELECT FROM registry.service WHERE registry.service_text(name, display_name, tags) %> 'alpga'`,
      )
    })
    t.match(JSON.stringify(plan), /Bitmap Index Scan on service_text_idx.*Index Cond: .*%>/)
  })

  type Order = NonNullable<ListServicesParams['order']>
  const sorts: Readonly<Record<Order, string>> = {
    name: 'service_name_key',
    'name-down': 'service_name_key',
    newest: 'service_created_at_idx',
    oldest: 'service_created_at_idx',
    priority: 'service_priority_idx',
    'priority-down': 'service_priority_idx',
    health: 'service_health_rank_idx',
    'health-up': 'service_health_rank_idx',
    fastest: 'service_response_time_class_idx',
    slowest: 'service_response_time_class_idx',
  }
  const cursors: Readonly<Record<string, Partial<ListServicesParams>>> = {
    service_name_key: { cursorName: 'm' },
    service_created_at_idx: { cursorCreatedAt: at },
    service_priority_idx: { cursorPriority: 'high', cursorName: 'm' },
    service_health_rank_idx: { cursorHealthRank: 2, cursorHealthScore: 0.5 },
    service_response_time_class_idx: { cursorResponseTimeMs: 10 },
  }
  for (const [order, index] of Object.entries(sorts) as [Order, string][]) {
    t.test(`${index} is walked by ${order}, from a cursor too`, async (t) => {
      const first = await planOf(listServices, { order, limit: 1, deleted: 'hidden' })
      t.ok(
        first.some((node) => node['Index Name'] === index),
        JSON.stringify(first),
      )
      const cursorId = '01900000-0000-7000-8000-000000000000'
      const next = await planOf(listServices, { order, limit: 1, deleted: 'hidden', ...cursors[index], cursorId })
      t.ok(
        next.some((node) => node['Index Name'] === index && node['Index Cond'] !== undefined),
        JSON.stringify(next),
      )
    })
  }
})
