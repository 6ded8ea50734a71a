/** What only the database can know: that required dependencies form no cycle, whoever writes them and however. */

import t from 'tap'
import { CheckViolationError, DependencyCycleError, TransientError } from '../../src/errors.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { clearServices, insertDependencies, insertServices } from '../fixtures/service-rows.js'

const db = await connectTestDatabase(t)
const { services } = db
const five = ['auth', 'billing', 'cache', 'disk', 'edge']
const chain = five.slice(1).map((name, index) => [five[index] ?? '', name] as const)

async function count(): Promise<unknown> {
  const [row] = await db.query<{ count: number }>('SELECT count(*) FROM registry.service_dependency')
  return row?.count
}

async function start(names: readonly string[] = five): Promise<void> {
  await clearServices(db)
  await insertServices(db, names)
}

t.test('a cycle of required dependencies', async (t) => {
  t.beforeEach(() => start())

  t.test('of five is refused, and its members are named in order', async (t) => {
    await insertDependencies(db, chain)
    const error = await services.addDependency({ service: 'edge', dependsOn: 'auth' }).catch((thrown) => thrown)
    t.type(error, DependencyCycleError)
    t.type(error, CheckViolationError)
    t.match(error, {
      name: 'DependencyCycleError',
      code: 'ASHLAR_DEPENDENCY_CYCLE',
      constraint: 'service_dependency_acyclic',
      table: 'registry.service_dependency',
      outcome: 'not-executed',
      cycle: five,
    })
    t.match(error.message, 'addServiceDependencies: required dependencies would form a cycle of 5')
    for (const name of five) t.notMatch(error.message, name)
    t.equal(await count(), 4)
  })

  t.test('is refused in one statement that has all of it', async (t) => {
    const all = [...chain, ['edge', 'auth'] as const]
    await t.rejects(insertDependencies(db, all), { name: 'DependencyCycleError', cycle: five })
    const dependencies = all.map(([service, dependsOn]) => ({ service, dependsOn }))
    await t.rejects(services.addDependencies(dependencies), { name: 'DependencyCycleError', cycle: five })
    t.equal(await count(), 0)
  })

  t.test('is refused to a COPY, a MERGE and an update of kind or ends', async (t) => {
    await insertDependencies(db, chain)
    await insertDependencies(db, [['edge', 'auth']], 'optional')
    const refusal = { name: 'DependencyCycleError', cycle: five }
    await t.rejects(db.query("UPDATE registry.service_dependency SET kind = 'required'"), refusal)
    await t.rejects(services.addDependency({ service: 'edge', dependsOn: 'auth', kind: 'required' }), refusal)
    const ids = await db.query<{ name: string; serviceId: string }>('SELECT name, service_id FROM registry.service')
    const idOf = (name: string) => ids.find((row) => row.name === name)?.serviceId
    await t.rejects(
      db.copyInto('registry.service_dependency', ['service_id', 'depends_on_id'], [[idOf('cache'), idOf('auth')]]),
      { name: 'DependencyCycleError', cycle: ['auth', 'billing', 'cache'] },
    )
    await t.rejects(
      db.query('UPDATE registry.service_dependency SET depends_on_id = $1 WHERE service_id = $2', [
        idOf('auth'),
        idOf('billing'),
      ]),
      { name: 'DependencyCycleError', cycle: ['auth', 'billing'] },
    )
    await t.rejects(
      db.query(
        `MERGE INTO registry.service_dependency AS present
         USING (SELECT $1::uuid AS one, $2::uuid AS other) AS edge
         ON present.service_id = edge.one AND present.depends_on_id = edge.other
         WHEN NOT MATCHED THEN INSERT (service_id, depends_on_id) VALUES (edge.one, edge.other)`,
        [idOf('disk'), idOf('cache')],
      ),
      { name: 'DependencyCycleError', cycle: ['cache', 'disk'] },
    )
    t.equal(await count(), 5)
  })

  t.test('counts services that are deleted', async (t) => {
    await insertDependencies(db, chain)
    await db.query("UPDATE registry.service SET deleted_at = now() WHERE name = 'cache'")
    await t.rejects(insertDependencies(db, [['edge', 'auth']]), { name: 'DependencyCycleError', cycle: five })
    await db.query("DELETE FROM registry.service WHERE name = 'cache'")
    await t.resolves(insertDependencies(db, [['edge', 'auth']]))
    t.equal(await count(), 3)
  })

  t.test('may be closed by what is optional', async (t) => {
    await insertDependencies(db, chain)
    await services.addDependency({ service: 'edge', dependsOn: 'auth', kind: 'optional' })
    t.equal(await count(), 5)
  })

  t.test('is named once, the shortest way back, beside others that are harmless', async (t) => {
    const harmless = ['auth', 'billing', 'cache', 'disk'].map((name) => [name, 'edge'] as const)
    await insertDependencies(db, harmless)
    await insertDependencies(db, [
      ['auth', 'billing'],
      ['billing', 'cache'],
      ['auth', 'cache'],
    ])
    await t.rejects(insertDependencies(db, [['cache', 'auth']]), {
      name: 'DependencyCycleError',
      cycle: ['auth', 'cache'],
    })
  })

  t.test('is refused of a service with itself, by a check', async (t) => {
    await t.rejects(insertDependencies(db, [['auth', 'auth']], 'optional'), {
      name: 'CheckViolationError',
      constraint: 'service_dependency_no_self',
    })
  })
})

t.test('a bulk of dependencies', async (t) => {
  const names = Array.from({ length: 2_000 }, (_, index) => `bulk ${String(index).padStart(5, '0')}`)
  t.before(() => start(names))

  t.test('in a long row is taken whole, and its closing refused', async (t) => {
    const row = names.slice(1).map((name, index) => [names[index] ?? '', name] as const)
    await insertDependencies(db, row)
    const error = await insertDependencies(db, [[names.at(-1) ?? '', names[0] ?? '']]).catch((thrown) => thrown)
    t.same(error.cycle, names)
  })

  t.test('with one that is wrong is refused whole', async (t) => {
    await db.query('DELETE FROM registry.service_dependency')
    const many = names.slice(1).map((name) => [name, names[0] ?? ''] as const)
    await t.rejects(insertDependencies(db, [...many, [names[0] ?? '', names[7] ?? '']]), {
      name: 'DependencyCycleError',
      cycle: [names[0], names[7]],
    })
    t.equal(await count(), 0)
  })
})

t.test('two opposite dependencies inserted at once', async (t) => {
  const ROUNDS = 25
  t.before(() => start())

  for (const isolation of ['read committed', 'repeatable read', 'serializable'] as const) {
    t.test(`cannot both be there, in ${isolation}`, async (t) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        await db.query('DELETE FROM registry.service_dependency')
        const opposite = [
          { service: 'auth', dependsOn: 'billing' },
          { service: 'billing', dependsOn: 'auth' },
        ]
        const results = await Promise.allSettled(
          opposite.map((names) =>
            db.transaction(
              async (tx) => {
                // Both have their snapshot before either writes.
                await tx.query('SELECT count(*) FROM registry.service_dependency')
                await tx.services.addDependency(names)
              },
              { isolation },
            ),
          ),
        )
        const refused = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason)
        t.equal(refused.length, 1)
        t.match(refused[0], { name: 'DependencyCycleError', cycle: ['auth', 'billing'] })
        t.equal(await count(), 1)
      }
    })
  }

  t.test('is told as a conflict to a transaction that has one snapshot and is not tried again', async (t) => {
    await db.query('DELETE FROM registry.service_dependency')
    const outcome = db.transaction(
      async (tx) => {
        await tx.query('SELECT 1')
        await services.addDependency({ service: 'billing', dependsOn: 'auth' })
        await tx.services.addDependency({ service: 'auth', dependsOn: 'billing' })
      },
      { isolation: 'repeatable read', retry: false },
    )
    await t.rejects(outcome, TransientError)
    await t.rejects(outcome, { name: 'TransientError', sqlState: '40001' })
    t.equal(await count(), 1)
  })

  t.test('does not hold up who adds optional ones', async (t) => {
    await start()
    await db.transaction(async (tx) => {
      await tx.services.addDependency({ service: 'auth', dependsOn: 'billing' })
      await services.addDependency({ service: 'billing', dependsOn: 'auth', kind: 'optional' })
    })
    t.equal(await count(), 2)
  })
})

t.test('registry.service_dependency_guard', async (t) => {
  t.test('is asked for when its row is gone', async (t) => {
    await start()
    await db.query('DELETE FROM registry.service_dependency_guard')
    await t.rejects(insertDependencies(db, [['auth', 'billing']]), { name: 'QueryError', sqlState: '55000' })
    await t.resolves(insertDependencies(db, [['auth', 'billing']], 'optional'))
    await db.query('INSERT INTO registry.service_dependency_guard DEFAULT VALUES')
    await t.rejects(db.query('INSERT INTO registry.service_dependency_guard (is_only) VALUES (false)'), {
      name: 'CheckViolationError',
      constraint: 'service_dependency_guard_is_only',
    })
    await t.resolves(db.query("UPDATE registry.service_dependency SET kind = 'required'"))
  })
})

t.test('another constraint whose name ends in _acyclic', async (t) => {
  const raise = (detail: string) =>
    db.query(`DO $$ BEGIN
      RAISE EXCEPTION 'no' USING ERRCODE = 'check_violation', CONSTRAINT = 'tree_acyclic', DETAIL = '${detail}';
    END $$`)

  t.test('is told alike, without members where the detail has none', async (t) => {
    await t.rejects(raise('["a", "b"]'), {
      name: 'DependencyCycleError',
      constraint: 'tree_acyclic',
      cycle: ['a', 'b'],
    })
    for (const detail of ['in words', '{}', '7']) {
      const error = await raise(detail).catch((thrown) => thrown)
      t.type(error, DependencyCycleError)
      t.same(error.cycle, [])
    }
  })
})
