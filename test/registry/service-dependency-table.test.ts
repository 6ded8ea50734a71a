import t from 'tap'
import { connectTestDatabase } from '../fixtures/database.js'
import { insertDependencies, insertServices } from '../fixtures/service-rows.js'
import { until } from '../fixtures/until.js'

/** What only plain SQL can try: the repository refuses it before. */
const db = await connectTestDatabase(t)
await insertServices(db, ['api', 'cache', 'queue'])
await insertDependencies(db, [['api', 'cache']])

interface Stamps {
  readonly createdBy: string
  readonly updatedBy: string
  readonly createdAt: Date
  readonly updatedAt: Date
}

async function stamps(): Promise<Stamps> {
  const [row] = await db.query<Stamps>(
    'SELECT created_by, updated_by, created_at, updated_at FROM registry.service_dependency',
  )
  return row as Stamps
}

t.test('every constraint of registry.service_dependency', async (t) => {
  t.test('is tried in a test', async (t) => {
    const rows = await db.query<{ conname: string }>(
      `SELECT conname FROM pg_constraint
       WHERE conrelid = 'registry.service_dependency'::regclass AND contype <> 'n' ORDER BY 1`,
    )
    t.same(
      rows.map(({ conname }) => conname),
      [
        'service_dependency_depends_on_id_fkey',
        'service_dependency_no_self',
        'service_dependency_pkey',
        'service_dependency_service_id_depends_on_id_key',
        'service_dependency_service_id_fkey',
      ],
    )
  })

  for (const column of ['service_id', 'depends_on_id']) {
    t.test(`refuses a ${column} that is not there, and goes with the service`, async (t) => {
      await t.rejects(db.query(`UPDATE registry.service_dependency SET ${column} = core.new_id()`), {
        name: 'ForeignKeyViolationError',
        constraint: `service_dependency_${column}_fkey`,
      })
      const [row] = await db.query<{ action: string }>(
        'SELECT confdeltype AS action FROM pg_constraint WHERE conname = $1',
        [`service_dependency_${column}_fkey`],
      )
      t.equal(row?.action, 'c')
    })
  }

  t.test('refuses the same two twice, and the same id', async (t) => {
    await t.rejects(insertDependencies(db, [['api', 'cache']], 'optional'), {
      name: 'UniqueViolationError',
      constraint: 'service_dependency_service_id_depends_on_id_key',
    })
    await t.rejects(
      db.query(
        `INSERT INTO registry.service_dependency (service_dependency_id, service_id, depends_on_id)
         SELECT service_dependency_id, depends_on_id, service_id FROM registry.service_dependency`,
      ),
      { name: 'UniqueViolationError', constraint: 'service_dependency_pkey' },
    )
  })

  for (const column of ['service_dependency_id', 'service_id', 'depends_on_id', 'kind']) {
    t.test(`refuses NULL for ${column}`, async (t) => {
      await t.rejects(db.query(`UPDATE registry.service_dependency SET ${column} = NULL`), {
        name: 'NotNullViolationError',
        column,
      })
    })
  }
})

t.test('times and actors', async (t) => {
  t.test('are kept by trigger, and move with a change only', async (t) => {
    const before = await stamps()
    t.equal(before.createdBy, before.updatedBy)
    await until(() => Date.now() > before.createdAt.getTime() + 1)
    await db.query(
      `UPDATE registry.service_dependency
       SET created_at = '2000-01-01', updated_at = '2000-01-01', created_by = 'nobody', updated_by = 'nobody'`,
    )
    t.same(await stamps(), before)
    await db.transaction(async (tx) => {
      await tx.query("SELECT set_config('ashlar.actor', 'agent 7', true)")
      await tx.query("UPDATE registry.service_dependency SET kind = 'optional', created_by = 'nobody'")
    })
    const after = await stamps()
    t.same([after.createdBy, after.createdAt, after.updatedBy], [before.createdBy, before.createdAt, 'agent 7'])
    t.ok(after.updatedAt > before.updatedAt)
  })
})
