import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import {
  context,
  type Histogram as HistogramInstrument,
  type MeterProvider,
  metrics,
  SpanKind,
  SpanStatusCode,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import type { Histogram } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import t, { type Test } from 'tap'
import { resolveConfig } from '../../src/config.js'
import { connect, type Database } from '../../src/database.js'
import type { Observed } from '../../src/engine/monitor/monitor.js'
import { Pool } from '../../src/engine/pool/pool.js'
import { Query } from '../../src/engine/query.js'
import { observe } from '../../src/engine/telemetry/observe.js'
import type { TelemetryOptions } from '../../src/engine/telemetry/telemetry-options.js'
import {
  ConnectionError,
  OutcomeUnknownError,
  QueryError,
  RetryExhaustedError,
  ScrubbedCause,
  TransientError,
} from '../../src/errors.js'
import { createTestDatabase } from '../fixtures/database.js'
import { firstServer } from '../fixtures/first-server.js'
import { plainNode } from '../fixtures/plain-node.js'
import { AsyncContextManager, createSdk } from '../fixtures/telemetry.js'
import { until } from '../fixtures/until.js'

const CANARY = 'canary-7b1e'

const access = await createTestDatabase(t)
const { host, port, database } = access
const poolName = `${host}:${port}/${database}`

const findOne = new Query<void, { one: number }>(
  'findOne',
  { statement: 'SELECT 1 AS one', params: [] },
  { read: true },
)
const divide = new Query<void, unknown>('divide', { statement: 'SELECT 1/0', params: [] }, { read: true })

/** A database whose telemetry goes to an SDK of its own. */
async function connectObserved(t: Test, max = 5) {
  const sdk = createSdk()
  const { tracerProvider, meterProvider } = sdk
  const db = await connect({ ...access, pool: { min: 0, max }, telemetry: { tracerProvider, meterProvider } })
  t.teardown(() => db.close())
  return { db, sdk }
}

/** A pool that has connected to nothing, observed, and a way to end a call on it. */
async function observedPool(t: Test, options: Parameters<typeof observe>[1]) {
  const config = resolveConfig({ host: 'db.example', port: 6000, user: 'ada', database: 'shop' }, {})
  const pool = new Pool({ ...config, servers: [firstServer(config)], targetSessionAttrs: 'any' })
  const end = await observe(pool, options)
  t.teardown(end)
  const call = (query: string, error: unknown, work: (call: Observed | null) => void = () => {}): void => {
    const now = performance.now()
    const observed = pool.monitor.begin(query, now)
    work(observed)
    pool.monitor.end(query, now, observed, error)
  }
  return { pool, call, end }
}

t.test('spans', async (t) => {
  t.test('are named by the query, with the attributes of the conventions', async (t) => {
    const { db, sdk } = await connectObserved(t)
    await db.run(findOne, undefined)
    await db.query('/* mine */ insert into agent.template (name) select $1 where false', [CANARY])
    await db.query('WITH a AS (SELECT 1) SELECT * FROM a')
    const server = {
      'db.system.name': 'postgresql',
      'db.namespace': database,
      'server.address': '127.0.0.1',
      'server.port': port,
    }
    t.same(
      sdk.spans().map(({ name, kind, attributes, status }) => ({ name, kind, attributes, status })),
      [
        {
          name: 'findOne',
          kind: SpanKind.CLIENT,
          attributes: { ...server, 'db.query.summary': 'findOne', 'db.operation.name': 'SELECT' },
          status: { code: SpanStatusCode.UNSET },
        },
        {
          name: 'query',
          kind: SpanKind.CLIENT,
          attributes: { ...server, 'db.query.summary': 'query', 'db.operation.name': 'INSERT' },
          status: { code: SpanStatusCode.UNSET },
        },
        {
          name: 'query',
          kind: SpanKind.CLIENT,
          attributes: { ...server, 'db.query.summary': 'query' },
          status: { code: SpanStatusCode.UNSET },
        },
      ],
    )
    t.ok(sdk.spans().every(({ instrumentationScope }) => instrumentationScope.name === 'ashlar'))
  })

  t.test('tell why a call failed', async (t) => {
    const { db, sdk } = await connectObserved(t)
    await t.rejects(db.run(divide, undefined), { name: 'QueryError', sqlState: '22012' })
    t.match(sdk.span('divide'), {
      attributes: { 'error.type': '22012', 'db.response.status_code': '22012' },
      status: { code: SpanStatusCode.ERROR, message: /^divide: / },
    })
  })

  t.test('tell a class where there is no SQLSTATE, and one behind it', async (t) => {
    const { tracerProvider, span } = createSdk()
    const { call } = await observedPool(t, { telemetry: { tracerProvider } })
    const refused = new ScrubbedCause({ name: 'Error', message: 'no', code: 'ECONNREFUSED' })
    const broken = new ScrubbedCause({ name: 'Error', message: 'no', code: 'EPIPE' })
    const shutDown = new ScrubbedCause({ name: 'DatabaseError', message: 'shut down', code: '57P01' })
    const conflict = new TransientError('again', { query: 'd', sqlState: '40001' })
    call('a', new ConnectionError('none', { cause: refused }))
    call('b', new ConnectionError('none', { cause: broken }))
    call('c', new OutcomeUnknownError('c', shutDown))
    call('d', new RetryExhaustedError('d', 10, 400, conflict))
    call('e', new QueryError('odd', { query: 'e', sqlState: null }))
    call('f', 'thrown')
    const told = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => {
      const { attributes } = span(name) ?? {}
      return [attributes?.['error.type'], attributes?.['db.response.status_code']]
    })
    t.same(told, [
      ['ConnectionError', undefined],
      ['ConnectionError', undefined],
      ['OutcomeUnknownError', '57P01'],
      ['RetryExhaustedError', '40001'],
      ['QueryError', undefined],
      ['_OTHER', undefined],
    ])
  })

  t.test('hold the retries of their call as events', async (t) => {
    const { tracerProvider, spans } = createSdk()
    const { pool, call } = await observedPool(t, { telemetry: { tracerProvider } })
    call('save', null, (observed) => {
      const retry = { type: 'retry', query: 'save', work: 'write', reason: '40001' } as const
      pool.monitor.tell({ ...retry, attempt: 1, delayMs: 12 }, observed)
      pool.monitor.tell({ ...retry, attempt: 2, delayMs: 30 }, observed)
      pool.monitor.tell({ type: 'operation-replayed', query: 'save' }, observed)
      pool.monitor.tell({ type: 'plan-repaired', query: 'save' }, observed)
    })
    t.same(
      spans()[0]?.events.map(({ name, attributes }) => ({ name, attributes })),
      [
        {
          name: 'retry',
          attributes: { 'ashlar.retry.attempt': 1, 'ashlar.retry.delay_ms': 12, 'ashlar.retry.reason': '40001' },
        },
        {
          name: 'retry',
          attributes: { 'ashlar.retry.attempt': 2, 'ashlar.retry.delay_ms': 30, 'ashlar.retry.reason': '40001' },
        },
        { name: 'operation-replayed', attributes: {} },
        { name: 'plan-repaired', attributes: {} },
      ],
    )
  })

  t.test('of a transaction are the parents of its statements', async (t) => {
    t.ok(context.setGlobalContextManager(new AsyncContextManager()))
    t.teardown(() => context.disable())
    const { db, sdk } = await connectObserved(t)
    const tracer = sdk.tracerProvider.getTracer('test')
    await tracer.startActiveSpan('request', async (request) => {
      await Promise.all([
        db.transaction(async (tx) => {
          await tx.run(findOne, undefined)
          await tx.transaction((inner) => inner.run(findOne, undefined))
        }),
        db.run(findOne, undefined),
      ])
      request.end()
    })
    const [request, transaction] = ['request', 'transaction'].map((name) => sdk.span(name))
    t.equal(transaction?.parentSpanContext?.spanId, request?.spanContext().spanId)
    const parents = sdk
      .spans()
      .filter(({ name }) => name === 'findOne')
      .map(({ parentSpanContext }) => parentSpanContext?.spanId)
    const [outer, inner] = [request, transaction].map((span) => span?.spanContext().spanId)
    t.same(parents.toSorted(), [outer, inner, inner].toSorted())
    t.notSame(outer, inner)
  })

  t.test('of a transaction take no word from the error that its work threw', async (t) => {
    const { db, sdk } = await connectObserved(t)
    class Refused extends Error {}
    await t.rejects(
      db.transaction(async (tx) => {
        await tx.run(findOne, undefined)
        throw Object.assign(new Refused(CANARY), { name: CANARY })
      }),
    )
    t.match(sdk.span('transaction'), {
      attributes: { 'error.type': 'Refused' },
      status: { code: SpanStatusCode.ERROR, message: undefined },
    })
    t.notOk(inspect(sdk.spans(), { depth: 20 }).includes(CANARY))
  })
})

t.test('metrics', async (t) => {
  t.test('hold the time of each call', async (t) => {
    const { db, sdk } = await connectObserved(t)
    for (const _ of [1, 2, 3]) await db.run(findOne, undefined)
    await db.run(divide, undefined).catch(() => {})
    const values = await sdk.values('db.client.operation.duration')
    t.match(
      values.map(({ attributes, value }) => ({ attributes, count: (value as Histogram).count })),
      [
        {
          attributes: {
            'db.system.name': 'postgresql',
            'db.namespace': database,
            'db.query.summary': 'findOne',
            'server.port': port,
            'error.type': undefined,
          },
          count: 3,
        },
        { attributes: { 'db.query.summary': 'divide', 'error.type': '22012', 'db.response.status_code': '22012' } },
      ],
    )
    const { buckets, sum = 0 } = (values[0]?.value ?? {}) as Partial<Histogram>
    t.same(buckets?.boundaries, [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10])
    t.ok(sum > 0 && sum < 60, 'in seconds')
  })

  t.test('hold the connections, and who waits', async (t) => {
    const { db, sdk } = await connectObserved(t, 1)
    const pool = { 'db.client.connection.pool.name': poolName }
    const counts = async () => {
      const values = await sdk.values('db.client.connection.count')
      return Object.fromEntries(
        values.map(({ attributes, value }) => [attributes['db.client.connection.state'], value]),
      )
    }
    t.same(await counts(), { idle: 1, used: 0 })
    let other: Promise<unknown> = Promise.resolve()
    await db.transaction(async (tx) => {
      await tx.run(findOne, undefined)
      other = db.query('SELECT 2')
      await until(() => db.stats().pool.waiting === 1)
      t.same(await counts(), { idle: 0, used: 1 })
      t.same(await sdk.values('db.client.connection.pending_requests'), [{ attributes: pool, value: 1 }])
    })
    await other
    t.same(await counts(), { idle: 1, used: 0 })
    t.same(await sdk.values('db.client.connection.pending_requests'), [{ attributes: pool, value: 0 }])
    t.same(await sdk.values('db.client.connection.max'), [{ attributes: pool, value: 1 }])
    t.equal(await sdk.countOf('db.client.connection.wait_time', pool), 2)
    t.equal(await sdk.countOf('db.client.connection.use_time', pool), 2)
    const mostOf = async (name: string): Promise<number> => {
      const [only] = await sdk.values(name)
      return (only?.value as Histogram | undefined)?.max ?? 0
    }
    const longest = await mostOf('db.client.connection.wait_time')
    const used = await mostOf('db.client.connection.use_time')
    t.ok(longest > 0 && longest <= used, `who waited did so while the other had it: ${longest} ${used}`)
  })

  t.test('hold what happened', async (t) => {
    const { meterProvider, countOf, values } = createSdk()
    const { pool } = await observedPool(t, { telemetry: { meterProvider } })
    const retry = { type: 'retry', query: 'save', attempt: 1, delayMs: 12 } as const
    pool.monitor.tell({ ...retry, work: 'write', reason: '40001' })
    pool.monitor.tell({ ...retry, work: 'write', reason: '40001' })
    pool.monitor.tell({ ...retry, work: 'read', reason: 'ECONNRESET' })
    pool.monitor.tell({ type: 'acquire-timeout', query: 'save', waitedMs: 1_000 })
    pool.monitor.tell({ type: 'connected', host: 'db.example', port: 6000, durationMs: 250 })
    const own = { 'db.client.connection.pool.name': 'db.example:6000/shop' }
    t.same(await values('ashlar.retries'), [
      { attributes: { ...own, 'ashlar.retry.reason': '40001', 'ashlar.retry.work': 'write' }, value: 2 },
      { attributes: { ...own, 'ashlar.retry.reason': 'ECONNRESET', 'ashlar.retry.work': 'read' }, value: 1 },
    ])
    t.same(await values('db.client.connection.timeouts'), [{ attributes: own, value: 1 }])
    t.match(await values('db.client.connection.create_time'), [{ attributes: own, value: { count: 1, sum: 0.25 } }])
    t.equal(await countOf('ashlar.events', { 'ashlar.event.type': 'retry' }), 3)
  })

  t.test('are told apart by pool, until it is closed', async (t) => {
    const sdk = createSdk()
    const telemetry = { meterProvider: sdk.meterProvider }
    const open = async () => {
      const values = await sdk.values('db.client.connection.max')
      return Object.fromEntries(
        values.map(({ attributes, value }) => [attributes['db.client.connection.pool.name'], value]),
      )
    }
    const one = await connect({ ...access, pool: { max: 3 }, telemetry })
    const other = await connect({ ...access, pool: { max: 4 }, telemetry })
    t.same(await open(), { [poolName]: 3, [`${poolName}#2`]: 4 })
    await one.close()
    t.same(await open(), { [poolName]: 0, [`${poolName}#2`]: 4 }, 'one that is closed has none')
    const third = await connect({ ...access, pool: { max: 5 }, telemetry })
    t.same(await open(), { [poolName]: 5, [`${poolName}#2`]: 4 })
    await Promise.all([other.close(), third.close()])
    t.same(await open(), { [poolName]: 0, [`${poolName}#2`]: 0 })
  })
})

t.test('telemetry', async (t) => {
  t.test('has no parameter value anywhere', async (t) => {
    const { db, sdk } = await connectObserved(t)
    await db.query('CREATE TABLE secret (text text CONSTRAINT secret_text_key UNIQUE, number int)')
    const insert = 'INSERT INTO secret (text) VALUES ($1)'
    await db.query(insert, [CANARY])
    await t.rejects(db.query(insert, [CANARY]), { name: 'UniqueViolationError' })
    await t.rejects(db.query(`INSERT INTO secret (number) VALUES ('${CANARY}')`), {
      name: 'QueryError',
      sqlState: '22P02',
    })
    await t.rejects(db.query('SELECT $1::int', [CANARY]))
    await db.transaction(async (tx) => tx.query(insert, [CANARY])).catch(() => {})
    await db.copyInto('secret', ['text'], [[CANARY]]).catch(() => {})
    t.ok(sdk.spans().length >= 6)
    const forms = inspect(sdk.spans(), { depth: 20 }) + JSON.stringify(await sdk.collect())
    t.notOk(forms.includes(CANARY))
    t.ok(forms.includes('23505'), 'which looks at what it should')
  })

  t.test('goes to an SDK that is registered after connecting, and no more when it is taken away', async (t) => {
    const db = await connect({ ...access, pool: { max: 2 } })
    t.teardown(() => db.close())
    await db.run(findOne, undefined)
    const sdk = createSdk()
    t.teardown(() => {
      trace.disable()
      metrics.disable()
    })
    trace.setGlobalTracerProvider(sdk.tracerProvider)
    await until(() => callsSpans(db, sdk))
    t.equal(await sdk.countOf('db.client.operation.duration'), 0)
    metrics.setGlobalMeterProvider(sdk.meterProvider)
    await until(async () => {
      await db.run(findOne, undefined)
      return (await sdk.countOf('db.client.operation.duration')) > 0
    })
    trace.disable()
    metrics.disable()
    await until(async () => !(await callsSpans(db, sdk)))
    t.match(await sdk.values('db.client.connection.max'), [{ value: 0 }])
  })

  t.test('goes to an SDK that is registered before, from the first call', async (t) => {
    const sdk = createSdk()
    t.teardown(() => trace.disable())
    trace.setGlobalTracerProvider(sdk.tracerProvider)
    const db = await connect(access)
    t.teardown(() => db.close())
    await db.run(findOne, undefined)
    t.ok(sdk.span('findOne'))
  })

  t.test('goes nowhere when it is `none`', async (t) => {
    const sdk = createSdk()
    t.teardown(() => trace.disable())
    trace.setGlobalTracerProvider(sdk.tracerProvider)
    const db = await connect({ ...access, telemetry: 'none' })
    t.teardown(() => db.close())
    await db.run(findOne, undefined)
    t.same(sdk.spans(), [])
  })

  t.test('is done without when its provider throws', async (t) => {
    const tracerProvider: TracerProvider = {
      getTracer: () => {
        throw new Error(CANARY)
      },
    }
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const db = await connect({ ...access, telemetry: { tracerProvider } })
    t.teardown(() => db.close())
    t.same(await db.run(findOne, undefined), [{ one: 1 }])
    t.match(await warned, {
      name: 'AshlarWarning',
      message: 'ashlar does without telemetry: OpenTelemetry threw (Error)',
    })
  })

  t.test('fails no call when what takes the spans or the metrics throws', async (t) => {
    const fail = (): never => {
      throw new TypeError(CANARY)
    }
    const broken = { forceFlush: async () => {}, shutdown: async () => {} }
    const sdk = createSdk()
    const ways: readonly TelemetryOptions[] = [
      { tracerProvider: new BasicTracerProvider({ spanProcessors: [{ ...broken, onStart: fail, onEnd() {} }] }) },
      { tracerProvider: new BasicTracerProvider({ spanProcessors: [{ ...broken, onStart() {}, onEnd: fail }] }) },
      { meterProvider: withHistogram(sdk.meterProvider, { record: fail }) },
    ]
    for (const telemetry of ways) {
      const warnings: Error[] = []
      const listen = (warning: Error): void => void warnings.push(warning)
      process.on('warning', listen)
      t.teardown(() => process.off('warning', listen))
      const db = await connect({ ...access, pool: { min: 0, max: 2 }, telemetry })
      t.teardown(() => db.close())
      t.same(await db.run(findOne, undefined), [{ one: 1 }])
      t.same(await db.query('SELECT 2 AS two'), [{ two: 2 }])
      t.equal(await db.transaction(async (tx) => (await tx.query('SELECT 1')).length), 1)
      for await (const { one } of db.stream(findOne, undefined)) t.equal(one, 1)
      await t.rejects(db.run(divide, undefined), { name: 'QueryError', sqlState: '22012' })
      const told = () => warnings.filter(({ message }) => message.startsWith('what observes'))
      await until(() => told().length > 0)
      t.match(told(), [{ name: 'AshlarWarning', message: "what observes ashlar's calls threw (TypeError); told once" }])
      await until(() => db.stats().pool.borrowed === 0)
      process.off('warning', listen)
    }
  })

  t.test('loads the API only where an SDK is registered', async (t) => {
    const program = fileURLToPath(new URL('../fixtures/loaded-modules.ts', import.meta.url))
    const url = `postgres://${access.user}:${encodeURIComponent(access.password)}@${host}:${port}/${database}`
    const loaded = (way: string): unknown => {
      const { stdout, stderr, status } = spawnSync(...plainNode(program, way, url), { encoding: 'utf8' })
      t.equal(status, 0, stderr)
      return JSON.parse(stdout)
    }
    t.same(loaded('none'), [])
    t.ok((loaded('register') as string[]).includes('@opentelemetry/api'))
  })
})

/** A provider whose histograms are of one's own. */
function withHistogram(provider: MeterProvider, own: HistogramInstrument): MeterProvider {
  return {
    getMeter: (name) => Object.assign(Object.create(provider.getMeter(name)), { createHistogram: () => own }),
  }
}

/** Runs a query, and tells whether a span came of it. */
async function callsSpans(db: Database, sdk: ReturnType<typeof createSdk>): Promise<boolean> {
  sdk.reset()
  await db.run(findOne, undefined)
  return sdk.spans().length > 0
}
