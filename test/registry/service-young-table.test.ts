import t from 'tap'
import { explain, type PlanNode, planNodes } from '../../src/engine/explain.js'
import type { AnyQuery } from '../../src/engine/query.js'
import { findServiceByName, markServicesSeen } from '../../src/generated/registry/service.queries.js'
import { recordServiceHealthChecks } from '../../src/generated/registry/service_health_check.queries.js'
import { connectTestDatabase } from '../fixtures/database.js'

const db = await connectTestDatabase(t)
const serviceId = '01900000-0000-7000-8000-000000000000'

/** Gives what is there of a plan of the table as it is, without statistics. */
async function nodesOf(query: unknown, params: object) {
  const nodes = planNodes(await explain(db, query as AnyQuery<never, unknown>, params as never))
  return nodes as readonly (PlanNode & { 'Node Type': string; 'Index Cond'?: string; Filter?: string })[]
}

t.before(async () => {
  await db.query('ALTER TABLE registry.service SET (autovacuum_enabled = off)')
  await db.services.create({ name: 'the first' })
})

t.test('a plan that is made while the table is all but empty, and is kept while it grows', async (t) => {
  const queries: Record<string, [unknown, object]> = {
    recordServiceHealthChecks: [
      recordServiceHealthChecks,
      {
        checks: [
          { service_id: serviceId, status: 'healthy' },
          { name: 'a', status: 'healthy' },
        ],
      },
    ],
    markServicesSeen: [markServicesSeen, { serviceIds: [serviceId], seenAt: null }],
    findServiceByName: [findServiceByName, { name: 'a' }],
  }
  for (const [name, [query, params]] of Object.entries(queries)) {
    t.test(`of ${name} reads no index whole`, async (t) => {
      const whole = (await nodesOf(query, params)).filter(
        (node) => node['Node Type'].startsWith('Index') && node['Index Cond'] === undefined,
      )
      t.same(whole, [])
    })
  }

  for (const name of ['recordServiceHealthChecks', 'markServicesSeen']) {
    t.test(`of ${name} does not compare every row with every element`, async (t) => {
      const [query, params] = queries[name] as [unknown, object]
      const compared = (await nodesOf(query, params)).filter((node) => node.Filter?.includes('= ANY'))
      t.same(compared, [])
    })
  }
})
