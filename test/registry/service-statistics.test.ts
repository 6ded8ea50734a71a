import t from 'tap'
import { connectTestDatabase } from '../fixtures/database.js'
import { newService } from '../fixtures/service.js'

const db = await connectTestDatabase(t)
const { services } = db

const buildTypes = ['fastmcp', 'stub', 'external', 'official', 'custom', 'docker'] as const
const protocols = ['stdio', 'http', 'websocket', 'tcp', 'unix_socket'] as const
const priorities = ['critical', 'high', 'medium', 'low'] as const
const statuses = ['healthy', 'unhealthy', 'unknown', 'maintenance', 'disabled'] as const

t.test('serviceStatistics', async (t) => {
  t.test('counts nothing where there is nothing, by every value of each enum', async (t) => {
    const none = await services.statistics()
    const enums = {
      buildTypes: 'build_type',
      protocols: 'protocol',
      priorities: 'priority',
      statuses: 'status',
    } as const
    for (const [key, type] of Object.entries(enums)) {
      const values = await db.query<{ value: string }>(
        `SELECT unnest(enum_range(NULL::registry.service_${type}))::text AS value`,
      )
      t.same(none[key as keyof typeof enums], Object.fromEntries(values.map(({ value }) => [value, 0])))
    }
    t.match(none, {
      total: 0,
      deleted: 0,
      active: 0,
      tags: [],
      healthScore: null,
      neverChecked: 0,
      neverSeen: 0,
      stale: 0,
    })
  })

  t.test('gives what a naive reference counts', async (t) => {
    const made = await services.createMany(
      Array.from({ length: 120 }, (_, index) =>
        newService({
          buildType: buildTypes[(index * index) % 5] ?? 'stub',
          protocol: protocols[(index * 7) % 4] ?? 'tcp',
          priority: priorities[index % 3] ?? 'low',
          status: statuses[(index * 3) % 4] ?? 'disabled',
          isActive: index % 4 !== 0,
          isRequired: index % 5 === 0,
          isEnabled: index % 3 !== 0,
          isAutoStart: index % 7 === 0,
          tags: Array.from({ length: index % 30 }, (_, tag) => `tag ${tag}`),
        }),
      ),
    )
    const ids = made.map(({ serviceId }) => serviceId)
    for (const serviceId of ids.slice(100)) await services.delete(serviceId)
    await services.recordHealthChecks(
      ids.slice(0, 60).flatMap((service, index) =>
        Array.from({ length: 5 }, (_, check) => ({
          service,
          status: check < index % 6 ? ('healthy' as const) : ('unhealthy' as const),
        })),
      ),
    )
    await services.markSeen(ids.slice(60, 70), new Date(Date.now() - 3_600_000))
    const rows = (await services.findMany(ids.slice(0, 100))).flatMap((row) => (row === null ? [] : [row]))
    const count = (matches: (row: (typeof rows)[number]) => boolean): number => rows.filter(matches).length
    const by = (key: 'buildType' | 'protocol' | 'priority' | 'status', values: readonly string[]) =>
      Object.fromEntries(values.map((value) => [value, count((row) => row[key] === value)]))
    const isStale = (ms: number) =>
      count(({ lastSeenAt }) => lastSeenAt === null || lastSeenAt.getTime() < Date.now() - ms)
    const scores = rows.flatMap(({ healthScore }) => (healthScore === null ? [] : [healthScore])).sort((a, b) => a - b)
    const quantile = (share: number): number => {
      const place = share * (scores.length - 1)
      const [low, high] = [Number(scores[Math.floor(place)]), Number(scores[Math.ceil(place)])]
      return low + (high - low) * (place - Math.floor(place))
    }
    const { healthScore, ...rest } = await services.statistics({ staleAfterMs: 1_800_000 })
    t.same(rest, {
      total: 100,
      deleted: 20,
      buildTypes: by('buildType', buildTypes),
      protocols: by('protocol', protocols),
      priorities: by('priority', priorities),
      statuses: by('status', statuses),
      active: count((row) => row.isActive),
      required: count((row) => row.isRequired),
      enabled: count((row) => row.isEnabled),
      autoStart: count((row) => row.isAutoStart),
      tags: Array.from({ length: 30 }, (_, tag) => ({
        tag: `tag ${tag}`,
        count: count((row) => row.tags.includes(`tag ${tag}`)),
      }))
        .sort((one, other) => other.count - one.count || (one.tag < other.tag ? -1 : 1))
        .slice(0, 20),
      neverChecked: 40,
      neverSeen: count(({ lastSeenAt }) => lastSeenAt === null),
      stale: isStale(1_800_000),
    })
    t.equal(scores.length, 60)
    for (const [key, share] of Object.entries({ p10: 0.1, p50: 0.5, p90: 0.9 })) {
      t.ok(Math.abs(Number(healthScore?.[key as 'p10']) - quantile(share)) < 1e-12)
    }
    t.ok((await services.statistics()).stale < rest.stale, 'an hour is less than the day that is the default')
  })

  t.test('refuses what does not fit', async (t) => {
    await t.rejects(services.statistics({ staleAfterMs: -1 }), {
      name: 'ValidationError',
      message: /staleAfterMs: Too small/,
    })
  })
})
