import t from 'tap'
import { Monitor } from '../../../src/engine/monitor/monitor.js'
import { QueryTimes } from '../../../src/engine/monitor/query-times.js'

t.test('QueryTimes', async (t) => {
  t.test('gives quantiles, exact to two digits', async (t) => {
    const times = new QueryTimes()
    for (let ms = 1; ms <= 1_000; ms += 1) times.add('find', ms, false)
    const { find } = times.stats()
    t.match(find, { calls: 1_000, failures: 0 })
    const near = (value: number | undefined, expected: number, name: string): void => {
      t.ok(value !== undefined && Math.abs(value - expected) <= expected * 0.01, `${name}: ${value}`)
    }
    near(find?.minMs, 1, 'min')
    near(find?.meanMs, 500.5, 'mean')
    near(find?.p50Ms, 500, 'p50')
    near(find?.p90Ms, 900, 'p90')
    near(find?.p99Ms, 990, 'p99')
    near(find?.maxMs, 1_000, 'max')
  })

  t.test('counts failures, and keeps queries apart', async (t) => {
    const times = new QueryTimes()
    times.add('find', 1, false)
    times.add('find', 1, true)
    times.add('save', 1, true)
    t.match(times.stats(), { find: { calls: 2, failures: 1 }, save: { calls: 1, failures: 1 } })
  })

  t.test('takes times that no histogram could hold', async (t) => {
    const times = new QueryTimes()
    times.add('quick', 0, false)
    times.add('slow', 1e12, false)
    const { quick, slow } = times.stats()
    t.equal(quick?.minMs, 0.001)
    t.ok((slow?.maxMs ?? 0) > 35_000_000)
  })

  t.test('has one entry for all queries beyond the first five hundred', async (t) => {
    const times = new QueryTimes()
    for (let number = 0; number < 510; number += 1) times.add(`query-${number}`, 1, number >= 508)
    times.add('query-7', 1, false)
    times.add('query-505', 1, false)
    const stats = times.stats()
    t.equal(Object.keys(stats).length, 501)
    t.match(stats, { 'query-7': { calls: 2 }, 'query-499': { calls: 1 }, '(others)': { calls: 11, failures: 2 } })
  })
})

t.test('Monitor', async (t) => {
  t.test('times a call without anybody who observes', async (t) => {
    const monitor = new Monitor()
    const startedAt = performance.now()
    const observed = monitor.begin('find', startedAt)
    t.equal(observed, null)
    monitor.end('find', startedAt, observed, null)
    monitor.end('find', startedAt, observed, new Error('no'))
    t.match(monitor.queryStats(), { find: { calls: 2, failures: 1 } })
  })

  t.test("tells what happens to a call to the call's observer and to all", async (t) => {
    const monitor = new Monitor()
    const noted: string[] = []
    const ended: unknown[] = []
    monitor.observer = {
      begin: (query, _now, text) => {
        noted.push(`${query}: ${text}`)
        return {
          note: ({ type }) => noted.push(type),
          run: (work) => work(),
          end: (error, durationMs) => ended.push([error, durationMs >= 0]),
        }
      },
    }
    const startedAt = performance.now()
    const observed = monitor.begin('find', startedAt, 'SELECT 1')
    monitor.tell({ type: 'operation-replayed', query: 'find' }, observed)
    monitor.tell({ type: 'operation-replayed', query: 'other' })
    monitor.end('find', startedAt, observed, null)
    t.same(noted, ['find: SELECT 1', 'operation-replayed'])
    t.same(ended, [[null, true]])
    t.same(monitor.events.counts(), { 'operation-replayed': 2 })
  })
})
