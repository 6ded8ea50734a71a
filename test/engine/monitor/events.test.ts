import t from 'tap'
import type { EngineEvent } from '../../../src/engine/monitor/event.js'
import { Events } from '../../../src/engine/monitor/events.js'
import { until } from '../../fixtures/until.js'

const overloaded = (waiting: number) => ({ type: 'overloaded', query: 'q', waiting }) as const
const replayed = { type: 'operation-replayed', query: 'q' } as const
const numbers = (events: readonly EngineEvent[]) => events.map((event) => ('waiting' in event ? event.waiting : null))

t.test('Events', async (t) => {
  t.test('keeps the last twenty of each type, in the order in which they happened', async (t) => {
    const events = new Events()
    t.same(events.recent(), [])
    for (let number = 1; number <= 3; number += 1) events.tell(overloaded(number))
    t.same(numbers(events.recent()), [1, 2, 3])
    events.tell(replayed)
    for (let number = 4; number <= 250; number += 1) events.tell(overloaded(number))
    events.tell(replayed)
    t.same(numbers(events.recent()), [null, ...Array.from({ length: 20 }, (_, index) => 231 + index), null])
  })

  t.test('gives each type its share where not all are wanted, and the newest of it', async (t) => {
    const events = new Events()
    for (const each of [1, 2, 3]) events.tell({ ...replayed, query: `${each}` })
    for (let number = 1; number <= 1_000; number += 1) events.tell(overloaded(number))
    t.match(events.recent(5), [
      { type: 'operation-replayed', query: '2' },
      { type: 'operation-replayed', query: '3' },
      { waiting: 998 },
      { waiting: 999 },
      { waiting: 1_000 },
    ])
    t.equal(events.recent(20).length, 20)
    t.same(numbers(events.recent(2)), [null, 1_000])
  })

  t.test('counts each type, beyond what is kept', async (t) => {
    const events = new Events()
    t.same(events.counts(), {})
    for (let number = 0; number < 150; number += 1) events.tell(overloaded(number))
    events.tell(replayed)
    t.same(events.counts(), { overloaded: 150, 'operation-replayed': 1 })
  })

  t.test('tells listeners at once, with the time, until they have enough', async (t) => {
    const events = new Events()
    const told: EngineEvent[] = []
    const before = Date.now()
    const end = events.listen((event) => told.push(event))
    events.tell(overloaded(1))
    t.match(told, [{ type: 'overloaded', waiting: 1 }])
    const at = told[0]?.at.getTime() ?? 0
    t.ok(at >= before && at <= Date.now())
    end()
    end()
    events.tell(overloaded(2))
    t.equal(told.length, 1)
  })

  t.test('makes one warning of what a listener throws, and tells the others', async (t) => {
    const events = new Events()
    const warnings: Error[] = []
    const listen = (warning: Error): void => void warnings.push(warning)
    process.on('warning', listen)
    t.teardown(() => process.off('warning', listen))
    const told: EngineEvent[] = []
    events.listen(() => {
      throw new RangeError('canary-7b1e')
    })
    events.listen((event) => told.push(event))
    for (const number of [1, 2, 3]) events.tell(overloaded(number))
    t.equal(told.length, 3)
    await until(() => warnings.length > 0)
    await new Promise((resolve) => setImmediate(resolve))
    t.match(warnings, [
      { name: 'AshlarWarning', message: "a listener of ashlar's events threw (RangeError); told once" },
    ])
    t.equal(warnings.length, 1)
  })
})
