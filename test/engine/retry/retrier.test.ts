import t from 'tap'
import { resolveConfig, type ServersTarget, type ServerTarget } from '../../../src/config.js'
import { noneFits } from '../../../src/engine/hosts/choose.js'
import type { Happening } from '../../../src/engine/monitor/event.js'
import { Monitor } from '../../../src/engine/monitor/monitor.js'
import { type FailedCall, Retrier } from '../../../src/engine/retry/retrier.js'
import {
  AcquireTimeoutError,
  CancelledError,
  ConnectionError,
  OutcomeUnknownError,
  QueryError,
  RetryExhaustedError,
  ScrubbedCause,
  TimeoutError,
  TransientError,
  UniqueViolationError,
} from '../../../src/errors.js'

const config = {
  isOn: true,
  maxAttempts: 4,
  maxConflictAttempts: 10,
  baseDelayMs: 20,
  maxDelayMs: 1_000,
}

const lost = new ConnectionError('lost', {
  cause: new ScrubbedCause({ name: 'Error', message: '', code: 'ECONNRESET' }),
})
const unknown = new OutcomeUnknownError('save')
const refused = (sqlState: string) => new QueryError('refused', { query: 'save', sqlState })
const transient = (sqlState: string) => new TransientError('refused', { query: 'save', sqlState })

interface Setting {
  readonly call?: Partial<FailedCall>
  readonly errors: readonly unknown[]
  readonly random?: () => number
  readonly hasOther?: boolean
  readonly acquireTimeoutMs?: number
}

/** Runs a call whose attempts fail with `errors`, in their order, and then succeed; time passes only in pauses. */
async function play({ call, errors, random = () => 1, hasOther = true, acquireTimeoutMs = 10_000 }: Setting) {
  const pauses: number[] = []
  let now = 0
  const clock = {
    now: () => now,
    sleep: async (ms: number) => {
      pauses.push(ms)
      now += ms
    },
  }
  const monitor = new Monitor()
  const told: Happening[] = []
  monitor.events.listen(({ at, ...happening }) => told.push(happening as Happening))
  const retrier = new Retrier({ ...config, clock, random }, monitor, { suspectRole: () => hasOther, acquireTimeoutMs })
  const failed: FailedCall = {
    query: 'save',
    work: 'write',
    startedAt: performance.now(),
    stop: null,
    isRepeatable: false,
    isAtomic: true,
    retry: undefined,
    observed: null,
    ...call,
  }
  const [first, ...rest] = errors
  let attempts = 1
  const outcome = await retrier
    .again(first, failed, async () => {
      attempts += 1
      if (rest.length > 0) throw rest.shift()
      return 'done'
    })
    .catch((error: unknown) => error)
  return { outcome, attempts, pauses, told }
}

t.test('a retry', async (t) => {
  t.test('pauses for twice as long each time, up to the longest pause', async (t) => {
    const errors = Array.from({ length: 9 }, () => transient('40001'))
    const { outcome, pauses } = await play({ errors })
    t.equal(outcome, 'done')
    t.same(pauses, [20, 40, 80, 160, 320, 640, 1_000, 1_000, 1_000])
  })

  t.test('takes a random part of the pause', async (t) => {
    const { pauses } = await play({ errors: [lost, lost], random: () => 0.5 })
    t.same(pauses, [10, 20])
  })

  t.test('is told, each time', async (t) => {
    const { told } = await play({ errors: [lost, lost] })
    const retry = { type: 'retry', query: 'save', work: 'write', reason: 'ECONNRESET' }
    t.same(told, [
      { ...retry, attempt: 1, delayMs: 20 },
      { ...retry, attempt: 2, delayMs: 40 },
    ])
  })

  t.test('ends after four attempts of what met no connection, with the last error as cause', async (t) => {
    const { outcome, attempts, told } = await play({ errors: [lost, lost, lost, lost, lost] })
    t.type(outcome, RetryExhaustedError)
    t.match(outcome, { attempts: 4, query: 'save', cause: lost, outcome: 'not-executed' })
    t.equal(attempts, 4)
    t.match(told.at(-1), { type: 'retry-exhausted', attempts: 4, reason: 'ECONNRESET' })
  })

  t.test('ends after ten attempts of what met others', async (t) => {
    const { outcome } = await play({ errors: Array.from({ length: 20 }, () => transient('40P01')) })
    t.match(outcome, { name: 'RetryExhaustedError', attempts: 10 })
  })

  t.test('counts each kind of failure on its own', async (t) => {
    const stale = refused('26000')
    const { outcome, attempts } = await play({
      errors: [lost, transient('40001'), lost, stale, lost, transient('40001')],
    })
    t.equal(outcome, 'done')
    t.equal(attempts, 7)
    const twice = await play({ errors: [lost, stale, stale] })
    t.match(twice.outcome, { name: 'RetryExhaustedError', attempts: 3, cause: stale })
  })

  t.test('ends when the time for a connection is over', async (t) => {
    const { outcome, attempts } = await play({ errors: [lost, lost, lost, lost], acquireTimeoutMs: 30 })
    t.match(outcome, { name: 'RetryExhaustedError' })
    t.equal(attempts, 2)
  })

  t.test('ends when the time of the call is over, and passes on the only error there was', async (t) => {
    const stop = { signal: undefined, deadline: { at: performance.now() + 5, limitMs: 5 }, isServerAware: true }
    const { outcome, attempts } = await play({ errors: [lost], call: { stop } })
    t.equal(outcome, lost)
    t.equal(attempts, 1)
  })

  t.test('ends when the signal of the call aborts in a pause', async (t) => {
    const controller = new AbortController()
    const stop = { signal: controller.signal, deadline: null, isServerAware: true }
    controller.abort()
    const { outcome, attempts } = await play({ errors: [lost], call: { stop } })
    t.type(outcome, CancelledError)
    t.equal(attempts, 1)
  })

  t.test('passes on an error of another kind as it is', async (t) => {
    const fields = { query: 'save', sqlState: '23505', constraint: 'a_key', table: 'a', column: null }
    const violation = new UniqueViolationError('refused', fields)
    const { outcome, attempts } = await play({ errors: [lost, violation] })
    t.equal(outcome, violation)
    t.equal(attempts, 2)
  })

  t.test('looks into what an error was caused by, also where that is itself', async (t) => {
    const wrapped = new Error('mine', { cause: transient('40001') })
    const own: Error & { cause?: unknown } = new Error('mine')
    own.cause = own
    const { outcome, attempts } = await play({ errors: [wrapped, own], call: { work: 'transaction' } })
    t.equal(outcome, own)
    t.equal(attempts, 2)
  })

  t.test('of what may commit in parts is made only when nothing was sent', async (t) => {
    const { attempts } = await play({ errors: [lost, transient('40001')], call: { isAtomic: false } })
    t.equal(attempts, 2)
  })

  t.test('is not made when the call says so', async (t) => {
    const { outcome, told } = await play({ errors: [lost], call: { retry: false } })
    t.equal(outcome, lost)
    t.same(told, [])
  })
})

t.test('the table', async (t) => {
  /** Attempts with endless failures of one kind. */
  async function attemptsOf(error: unknown, work: FailedCall['work'], call: Partial<FailedCall> = {}) {
    const { attempts } = await play({ errors: Array.from({ length: 30 }, () => error), call: { work, ...call } })
    return attempts
  }

  async function row(error: unknown) {
    return [await attemptsOf(error, 'read'), await attemptsOf(error, 'write'), await attemptsOf(error, 'transaction')]
  }

  const connection = (code: string) =>
    new ConnectionError('gone', { cause: new ScrubbedCause({ name: 'error', message: 'gone', code }) })
  /** What a failover looks like: one host gives an error, and the other is a standby still. */
  const noneOf = (error: ConnectionError) => {
    const { servers } = resolveConfig({ host: 'a,b', user: 'u' }, {}).target as ServersTarget
    const [first, second] = servers as [ServerTarget, ServerTarget]
    const sightings = [
      { server: first, role: null, error },
      { server: second, role: { isStandby: true, isReadOnly: true, timeline: null, systemId: null }, error: null },
    ]
    return noneFits(sightings, 'read-write', null)
  }
  const staleCause = new ScrubbedCause({ name: 'error', message: '', code: '0A000', routine: 'RevalidateCachedQuery' })
  const stale = new QueryError('stale', { query: 'save', sqlState: '0A000', cause: staleCause })

  const expected: readonly (readonly [string, unknown, readonly number[]])[] = [
    ...['ECONNREFUSED', 'ENOTFOUND', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOENT'].map(
      (code) => [code, connection(code), [4, 4, 4]] as const,
    ),
    ...['57P01', '57P02', '57P03', '57P05', '25P03', '25P04', '53300', '08006', '08P01', '40001'].map(
      (code) => [`${code} that ends the connection`, connection(code), [4, 4, 4]] as const,
    ),
    ...['28P01', '28000', '3D000', '57P04', '42501'].map(
      (code) => [`${code} while connecting`, connection(code), [1, 1, 1]] as const,
    ),
    ['a connection lost before anything was sent', new ConnectionError('gone'), [4, 4, 4]],
    ['none of several hosts, one of them down', noneOf(connection('ECONNREFUSED')), [4, 4, 4]],
    ['none of several hosts, one of which refuses the login', noneOf(connection('28P01')), [1, 1, 1]],
    ['40001', transient('40001'), [10, 10, 10]],
    ['40P01', transient('40P01'), [10, 10, 10]],
    ['25006', refused('25006'), [4, 4, 4]],
    ['26000', refused('26000'), [2, 2, 10]],
    ['0A000 of a stale plan', stale, [2, 2, 10]],
    ['0A000 of anything else', refused('0A000'), [1, 1, 1]],
    ['55P03', transient('55P03'), [1, 1, 2]],
    ['57014', new TimeoutError('late', { query: 'save', sqlState: '57014' }), [1, 1, 1]],
    ['53100', transient('53100'), [2, 1, 1]],
    ['53200', transient('53200'), [2, 1, 1]],
    ...['22P02', '23505', '42P01', 'P0001', '25P02'].map((state) => [state, refused(state), [1, 1, 1]] as const),
    ['an unknown outcome', unknown, [1, 1, 1]],
    ['a time limit of this side', new TimeoutError('late', { query: 'save', sqlState: null }), [1, 1, 1]],
    ['no free connection in time', new AcquireTimeoutError(10, {} as never, []), [1, 1, 1]],
    ['an error of the program', new Error('mine'), [1, 1, 1]],
  ]
  for (const [name, error, attempts] of expected) {
    t.test(`${name}: read ${attempts[0]}, write ${attempts[1]}, transaction ${attempts[2]}`, async (t) => {
      t.same(await row(error), attempts)
    })
  }

  t.test('tries a lock, and a read that was cancelled, again as long as the time of the call allows', async (t) => {
    const stop = { signal: undefined, deadline: { at: performance.now() + 3_000, limitMs: 3_000 }, isServerAware: true }
    const cancelled = new CancelledError('cancelled', { query: 'save', sqlState: '57014' })
    t.equal(await attemptsOf(transient('55P03'), 'write', { stop }), 31)
    t.equal(await attemptsOf(cancelled, 'read', { stop }), 31)
    t.equal(await attemptsOf(cancelled, 'write', { stop }), 1)
  })

  t.test('does not try a write again on the only server there is, when that takes no writes', async (t) => {
    const { outcome, attempts } = await play({ errors: [refused('25006'), lost], hasOther: false })
    t.match(outcome, { name: 'QueryError', sqlState: '25006' })
    t.equal(attempts, 1)
  })
})

t.test('a call that takes effect once', async (t) => {
  const call = { isRepeatable: true }

  t.test('is tried again when its outcome is unknown', async (t) => {
    const { outcome, attempts } = await play({ errors: [unknown, lost], call })
    t.equal(outcome, 'done')
    t.equal(attempts, 3)
  })

  t.test('is not tried again when it was committed locally', async (t) => {
    const locally = new OutcomeUnknownError('save', undefined, undefined, 'committed-locally')
    const { outcome, attempts } = await play({ errors: [locally, lost], call })
    t.equal(outcome, locally)
    t.equal(attempts, 1)
  })

  t.test('stays unknown when no later attempt could tell', async (t) => {
    const { outcome, told } = await play({ errors: [unknown, lost, lost, lost, lost], call })
    t.type(outcome, OutcomeUnknownError)
    t.match(outcome, { outcome: 'unknown', cause: lost })
    t.match(told.at(-1), { type: 'outcome-unknown', query: 'save' })
  })

  t.test('stays unknown when a later attempt was refused before it could ask', async (t) => {
    const gone = new AbortController()
    gone.abort()
    const stop = { signal: gone.signal, deadline: null, isServerAware: true }
    for (const state of ['25006', '26000', '42P05', '28000', '3D000', 'XX000']) {
      const { outcome } = await play({ errors: [unknown, refused(state), refused(state)], call, hasOther: false })
      t.match(outcome, { name: 'OutcomeUnknownError', outcome: 'unknown', cause: { sqlState: state } })
    }
    t.match((await play({ errors: [unknown], call: { ...call, stop } })).outcome, { name: 'OutcomeUnknownError' })
  })

  t.test('has failed when a later attempt was refused by a rule of the data', async (t) => {
    const violation = refused('23514')
    const { outcome } = await play({ errors: [unknown, violation], call })
    t.equal(outcome, violation)
  })

  t.test('is not tried again on the same grounds without a name', async (t) => {
    const { outcome, told } = await play({ errors: [unknown] })
    t.equal(outcome, unknown)
    t.match(told, [{ type: 'outcome-unknown' }])
  })
})
