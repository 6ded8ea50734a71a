import t from 'tap'
import { connectTestDatabase } from '../../fixtures/database.js'
import { newService } from '../../fixtures/service.js'

const db = await connectTestDatabase(t)
const { services } = db
/** What a service has that nobody has told anything of. */
const UNTOLD = {
  lastHealthCheckAt: null,
  responseTimeMs: null,
  lastSeenAt: null,
  successCount: 0,
  failureCount: 0,
  healthScore: null,
  deletedAt: null,
}

t.test('createService', async (t) => {
  t.test('stores every field and gives the row with id, actor and times', async (t) => {
    const given = newService({ status: 'maintenance' })
    const { serviceId, createdAt, updatedAt, createdBy, updatedBy, ...stored } = await services.create(given)
    t.same(stored, { ...given, ...UNTOLD })
    t.match(serviceId, /^[0-9a-f]{8}-[0-9a-f]{4}-7/, 'a UUIDv7')
    t.same(updatedAt, createdAt)
    const [session] = await db.query<{ name: string }>('SELECT session_user::text AS name')
    t.same([createdBy, updatedBy], [session?.name, session?.name])
  })

  t.test('needs no more than a name, and takes the defaults of the table', async (t) => {
    const bare = await services.create({ name: 'bare' })
    t.match(bare, {
      displayName: null,
      description: null,
      buildType: 'custom',
      protocol: 'stdio',
      priority: 'medium',
      status: 'unknown',
      location: null,
      endpoint: null,
      port: null,
      version: null,
      tags: [],
      metadata: {},
      config: {},
      healthCheckUrl: null,
      isActive: true,
      isRequired: false,
      isEnabled: true,
      isAutoStart: false,
      source: null,
      registryUrl: null,
      ...UNTOLD,
    })
    await db.query("INSERT INTO registry.service (name) VALUES ('barer')")
    const { name, serviceId, createdAt, updatedAt, ...rest } = bare
    t.match(await services.findByName('barer'), rest)
  })

  t.test('knows the actor of the transaction', async (t) => {
    const created = await db.transaction(async (tx) => {
      await tx.query("SELECT set_config('ashlar.actor', 'ada', true)")
      return tx.services.create(newService())
    })
    t.match(created, { createdBy: 'ada', updatedBy: 'ada' })
  })

  t.test('refuses a name that a living service has, and takes that of a deleted one', async (t) => {
    const given = newService()
    const first = await services.create(given)
    await t.rejects(services.create(given), {
      name: 'UniqueViolationError',
      constraint: 'service_name_key',
      table: 'registry.service',
      query: 'createService',
    })
    await services.delete(first.serviceId)
    const second = await services.create(given)
    t.not(second.serviceId, first.serviceId)
    await services.delete(second.serviceId)
    t.match(await services.create(given), { name: given.name }, 'however many of that name are deleted')
  })

  t.test('keeps texts and JSON of any kind as they are', async (t) => {
    const text = `'; DROP TABLE registry.service; --\\ "🧱" \u0001 \r\n{}$1 :name`
    const json = JSON.parse(`{"__proto": {"a": [null, "", "'\\u0001"]}, "-": 1e-7, "constructor": "x", "🧱": []}`)
    const given = newService({
      name: text,
      displayName: text,
      description: text,
      location: text,
      endpoint: text,
      version: text,
      source: text,
      tags: [text, '', text].filter((tag) => tag !== ''),
      metadata: json,
      config: json,
    })
    t.match(await services.create(given), given)
    t.match(await services.findByName(text), given)
  })

  t.test('takes as much as the limits allow', async (t) => {
    const most = newService({
      name: '🧱'.repeat(200),
      displayName: '🧱'.repeat(200),
      description: 'é'.repeat(10_000),
      location: 'é'.repeat(2_000),
      endpoint: 'é'.repeat(2_000),
      port: 65_535,
      version: 'é'.repeat(100),
      tags: Array.from({ length: 1_000 }, (_, index) => '🧱'.repeat(196) + String(index)),
      healthCheckUrl: `http://h/${'é'.repeat(1_991)}`,
      source: 'é'.repeat(2_000),
      registryUrl: `HTTPS://[::1]:8080/${'x'.repeat(1_981)}`,
    })
    t.match(await services.create(most), most)
    t.match(await services.upsert(most), { outcome: 'unchanged' })
  })

  const url = 'must be a URL that begins with http:// or https://, without blanks'
  const refused: readonly [string, object, string][] = [
    ['no name', { name: undefined }, 'name: Invalid input: expected string, received undefined'],
    ['an empty name', { name: '' }, 'name: Too small: expected string to have >=1 characters'],
    ['a name of 201 characters', { name: 'é'.repeat(201) }, 'name: must have at most 200 characters'],
    ['NUL in a name', { name: 'a\0' }, 'name: must not contain a NUL character or a lone surrogate'],
    [
      'half a character',
      { displayName: '\ud83e' },
      'displayName: must not contain a NUL character or a lone surrogate',
    ],
    [
      'an unknown protocol',
      { protocol: 'udp' },
      'protocol: Invalid option: expected one of "stdio"|"http"|"websocket"|"tcp"|"unix_socket"',
    ],
    ['no priority', { priority: null }, 'priority: Invalid option: expected one of "critical"|"high"|"medium"|"low"'],
    ['port 0', { port: 0 }, 'port: Too small: expected number to be >=1'],
    ['port 65536', { port: 65_536 }, 'port: Too big: expected number to be <=65535'],
    ['a port that is a text', { port: '80' }, 'port: Invalid input: expected number, received string'],
    ['a flag that is a text', { isActive: 'false' }, 'isActive: Invalid input: expected boolean, received string'],
    ['an empty tag', { tags: [''] }, 'tags[0]: Too small: expected string to have >=1 characters'],
    ['1,001 tags', { tags: new Array(1_001).fill('a') }, 'tags: Too big: expected array to have <=1000 items'],
    ['metadata that is an array', { metadata: [] }, 'metadata: must be a plain object, without a key `__proto__`'],
    ['a config that is no JSON', { config: { a: () => 1 } }, 'config.a: must be a JSON value'],
    [
      'NUL in metadata',
      { metadata: { a: ['\0'] } },
      'metadata.a[0]: must not contain a NUL character or a lone surrogate',
    ],
    ['a URL of another protocol', { healthCheckUrl: 'javascript:alert(1)' }, `healthCheckUrl: ${url}`],
    ['a URL without a host', { registryUrl: 'http://' }, `registryUrl: ${url}`],
    ['a URL with a blank', { registryUrl: ' http://a' }, `registryUrl: ${url}`],
    ['a URL with a line end', { healthCheckUrl: 'http://a/\nb' }, `healthCheckUrl: ${url}`],
    [
      'a URL of 2,001 characters',
      { healthCheckUrl: `http://a/${'b'.repeat(1_992)}` },
      'healthCheckUrl: must have at most 2000 characters',
    ],
    ['health by hand', { successCount: 5 }, 'Unrecognized key: "successCount"'],
  ]
  for (const [what, overrides, message] of refused) {
    t.test(`refuses ${what} by name, before anything is sent`, async (t) => {
      const { statements } = db.stats().pool
      await t.rejects(services.create({ ...newService(), ...overrides }), {
        name: 'ValidationError',
        message: `createService: ${message}`,
      })
      t.equal(db.stats().pool.statements, statements)
    })
  }

  t.test('takes effect once with an operationId', async (t) => {
    const given = newService()
    const once = db.with({ operationId: 'create a service' })
    const first = await once.services.create(given)
    t.strictSame(await once.services.create(given), first)
    t.strictSame(await services.findByName(given.name), first)
  })
})

t.test('createServices', async (t) => {
  for (const size of [0, 30, 2_000]) {
    t.test(`gives ${size} in their order, as they are found afterwards`, async (t) => {
      const given = Array.from({ length: size }, (_, index) =>
        newService({
          name: `${(index * 7) % size} of ${size}`,
          port: index % 3 === 0 ? null : index + 1,
          tags: index % 2 === 0 ? [] : ['a, b', '{}', '"'],
          config: { text: '\\', list: [index, null] },
        }),
      )
      const created = await services.createMany(given)
      t.match(created, given)
      t.equal(created.length, size)
      t.ok(created.every(({ createdBy, updatedBy }) => createdBy !== '' && createdBy === updatedBy))
      t.same(await services.findManyByName(given.map(({ name }) => name)), created)
    })

    if (size === 0) continue
    t.test(`creates none of ${size} when one's name is taken`, async (t) => {
      const taken = newService()
      await services.create(taken)
      const given = Array.from({ length: size }, () => newService())
      await t.rejects(services.createMany(given.with(-1, taken)), {
        name: 'UniqueViolationError',
        constraint: 'service_name_key',
        query: 'createServices',
      })
      t.equal(await services.findByName(String(given[0]?.name)), null)
    })
  }

  t.test('refuses two of one name, and more than 10,000', async (t) => {
    const given = newService()
    await t.rejects(services.createMany([given, newService(), given]), {
      message: 'createServices: [2]: has the name of [0]',
    })
    await t.rejects(services.createMany(new Array(10_001).fill(given)), {
      message: /^createServices: .*Too big: expected array to have <=10000 items/,
    })
  })

  t.test('may take the names of deleted services', async (t) => {
    const given = Array.from({ length: 3 }, () => newService())
    const deleted = await services.createMany(given)
    for (const { serviceId } of deleted) await services.delete(serviceId)
    const created = await services.createMany(given)
    t.same(
      created.map(({ name }) => name),
      given.map(({ name }) => name),
    )
  })
})
