import t from 'tap'
import { connectTestDatabase } from '../../fixtures/database.js'
import { newService } from '../../fixtures/service.js'

/** What only plain SQL can try: the repository refuses it before. */
const db = await connectTestDatabase(t)
const { serviceId } = await db.services.create(newService({ name: 'table' }))

/** Assignments that break a text's greatest length and, where there is one, its least. */
function lengths(column: string, max: number, min = 1): string[] {
  return [...(min === 1 ? [`${column} = ''`] : []), `${column} = repeat('é', ${max + 1})`]
}

const refused: Readonly<Record<string, readonly string[]>> = {
  service_name_length: lengths('name', 200),
  service_display_name_length: lengths('display_name', 200),
  service_description_length: lengths('description', 10_000, 0),
  service_location_length: lengths('location', 2_000),
  service_endpoint_length: lengths('endpoint', 2_000),
  service_port_range: ['port = 0', 'port = 65536', 'port = -1'],
  service_version_length: lengths('version', 100),
  service_tags_elements: ["tags = '{a,NULL}'"],
  service_metadata_object: ["metadata = '[]'", "metadata = 'null'", `metadata = '"a"'`],
  service_config_object: ["config = '[]'", "config = 'null'", "config = '1'"],
  service_health_check_url_length: lengths('health_check_url', 2_000),
  service_source_length: lengths('source', 2_000),
  service_registry_url_length: lengths('registry_url', 2_000),
  service_response_time_ms_range: ['response_time_ms = -0.1', 'response_time_ms = 1000000001'],
  service_success_count_range: ['success_count = -1', 'success_count = 1000000000000001'],
  service_failure_count_range: ['failure_count = -1', 'failure_count = 1000000000000001'],
  service_health_score_range: ['health_score = -0.01', 'health_score = 1.01'],
  service_times_finite: ["last_seen_at = 'infinity'", "last_health_check_at = '-infinity'", "deleted_at = 'infinity'"],
}

t.test('every check of registry.service', async (t) => {
  t.test('is tried here', async (t) => {
    const rows = await db.query<{ conname: string }>(
      "SELECT conname FROM pg_constraint WHERE conrelid = 'registry.service'::regclass AND contype = 'c' ORDER BY 1",
    )
    t.same(
      rows.map(({ conname }) => conname),
      Object.keys(refused).sort(),
    )
  })

  for (const [constraint, assignments] of Object.entries(refused)) {
    t.test(`${constraint} refuses ${assignments.join('; ')}`, async (t) => {
      for (const assignment of assignments) {
        await t.rejects(db.query(`UPDATE registry.service SET ${assignment}`), {
          name: 'CheckViolationError',
          constraint,
          table: 'registry.service',
        })
      }
    })
  }

  t.test('lets pass what is just within', async (t) => {
    const within = [
      "name = repeat('é', 200)",
      "description = ''",
      'port = 65535',
      'response_time_ms = 0',
      'response_time_ms = 1000000000',
      'success_count = 1000000000000000, failure_count = 1000000000000000',
      'health_score = 0',
      'health_score = 1',
    ]
    for (const assignment of within) await t.resolves(db.query(`UPDATE registry.service SET ${assignment}`))
  })

  t.test('lets no figure pass that is none', async (t) => {
    for (const column of ['response_time_ms', 'health_score']) {
      for (const value of ['NaN', 'Infinity', '-Infinity']) {
        await t.rejects(db.query(`UPDATE registry.service SET ${column} = '${value}'`), { name: /Error$/ })
      }
    }
  })
})

t.test('every column that must be there', async (t) => {
  const rows = await db.query<{ column: string; generated: string }>(
    `SELECT attname AS column, attgenerated AS generated FROM pg_attribute
     WHERE attrelid = 'registry.service'::regclass AND attnum > 0 AND attnotnull`,
  )
  for (const { column, generated } of rows) {
    // Triggers keep these, whatever an update says; generated columns take no value.
    if (/^((created|updated)_.*|search)$/.test(column) || generated !== '') continue
    t.test(`${column} refuses NULL`, async (t) => {
      await t.rejects(db.query(`UPDATE registry.service SET ${column} = NULL`), {
        name: 'NotNullViolationError',
        column,
      })
    })
  }
})

t.test('the name', async (t) => {
  t.test('is of one living service, and of any number of deleted ones', async (t) => {
    const insert = (deletedAt: string) =>
      db.query(`INSERT INTO registry.service (name, deleted_at) VALUES ('twice', ${deletedAt})`)
    await insert('NULL')
    await insert('now()')
    await insert('now()')
    await t.rejects(insert('NULL'), { name: 'UniqueViolationError', constraint: 'service_name_key' })
  })
})

t.test('actors and times', async (t) => {
  const stamps = 'created_at = $2, updated_at = $2, created_by = $3, updated_by = $3'
  const forged = [serviceId, new Date(0), 'mallory']

  t.test('cannot be changed by hand, not even with figures of health', async (t) => {
    const before = await db.services.get(serviceId)
    await db.query(`UPDATE registry.service SET ${stamps} WHERE service_id = $1`, forged)
    t.same(await db.services.get(serviceId), before)
    await db.query(`UPDATE registry.service SET ${stamps}, success_count = 7 WHERE service_id = $1`, forged)
    t.same(await db.services.get(serviceId), { ...before, successCount: 7 })
    await db.query(
      "INSERT INTO registry.service (name, created_by, updated_by) VALUES ('forged', 'mallory', 'mallory')",
    )
    t.match(await db.services.findByName('forged'), { createdBy: before.createdBy, updatedBy: before.createdBy })
  })

  t.test('tell of a change that comes with figures of health and with stamps of its own', async (t) => {
    const before = await db.services.get(serviceId)
    await db.transaction(async (tx) => {
      await tx.query("SELECT set_config('ashlar.actor', 'bob', true)")
      const text = `UPDATE registry.service SET ${stamps}, success_count = 8, version = '9' WHERE service_id = $1`
      await tx.query(text, forged)
    })
    const after = await db.services.get(serviceId)
    t.same([after.createdAt, after.createdBy, after.updatedBy], [before.createdAt, before.createdBy, 'bob'])
    t.ok(after.updatedAt > before.updatedAt)
  })

  t.test('move with every column but those of health and the generated ones', async (t) => {
    const [trigger] = await db.query<{ text: string }>(
      "SELECT pg_get_triggerdef(oid) AS text FROM pg_trigger WHERE tgname = 'service_keep_stamps'",
    )
    const columns = await db.query<{ column: string }>(
      `SELECT attname AS column FROM pg_attribute
       WHERE attrelid = 'registry.service'::regclass AND attnum > 0 AND attgenerated = '' ORDER BY attnum`,
    )
    t.same(
      columns
        .map(({ column }) => column)
        .filter((column) => !trigger?.text.includes(`new.${column}`) && column !== 'search'),
      [
        'last_health_check_at',
        'response_time_ms',
        'last_seen_at',
        'success_count',
        'failure_count',
        'health_score',
        'created_by',
        'updated_by',
        'created_at',
        'updated_at',
      ],
    )
  })
})

t.test('the columns that only indexes are made of', async (t) => {
  const cases: readonly [string, unknown, string, unknown][] = [
    ['response_time_ms', null, 'response_time_class', 100],
    ['response_time_ms', 0, 'response_time_class', 0],
    ['response_time_ms', 0.99, 'response_time_class', 0],
    ['response_time_ms', 1, 'response_time_class', 1],
    ['response_time_ms', 9.9, 'response_time_class', 1],
    ['response_time_ms', 10, 'response_time_class', 2],
    ['response_time_ms', 1e9, 'response_time_class', 10],
    ['health_score', null, 'health_rank', -1],
    ['health_score', 0, 'health_rank', 0],
    ['health_score', 0.199, 'health_rank', 0],
    ['health_score', 0.2, 'health_rank', 1],
    ['health_score', 1, 'health_rank', 5],
    ['last_seen_at', null, 'last_seen_hour', null],
    ['last_seen_at', new Date('1999-12-31T23:59:59.999Z'), 'last_seen_hour', new Date('1999-12-31T23:00:00Z')],
    ['last_seen_at', new Date('2026-07-01T12:00:00Z'), 'last_seen_hour', new Date('2026-07-01T12:00:00Z')],
  ]
  for (const [column, value, coarse, expected] of cases) {
    t.test(`${coarse} is ${expected} for ${value}`, async (t) => {
      const [row] = await db.query(
        `UPDATE registry.service SET ${column} = $2 WHERE service_id = $1 RETURNING ${coarse} AS coarse`,
        [serviceId, value],
      )
      t.same(row?.coarse, expected)
    })
  }

  t.test('success_percent is the share in percent, rounded down to a multiple of five', async (t) => {
    const percent = async (successes: number, failures: number) => {
      const [row] = await db.query(
        'UPDATE registry.service SET success_count = $2, failure_count = $3 WHERE service_id = $1 RETURNING success_percent AS percent',
        [serviceId, successes, failures],
      )
      return row?.percent
    }
    t.same(
      [await percent(0, 0), await percent(0, 5), await percent(2, 1), await percent(999, 1), await percent(5, 0)],
      [null, 0, 65, 95, 100],
    )
    t.equal(await percent(1e15, 1e15), 50)
  })
})
