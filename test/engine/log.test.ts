import { pino } from 'pino'
import t, { type Test } from 'tap'
import { connect } from '../../src/database.js'
import type { Happening } from '../../src/engine/monitor/event.js'
import { Log } from '../../src/engine/monitor/log.js'
import { logLines } from '../../src/engine/monitor/log-lines.js'
import type { Logger, LogLevel } from '../../src/engine/monitor/logger.js'
import { createTestDatabase } from '../fixtures/database.js'
import { until } from '../fixtures/until.js'

/** A pino that keeps its lines, without their time. */
function keeper(): { readonly logger: Logger; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = []
  const write = (line: string): void => void lines.push(JSON.parse(line))
  return { logger: pino({ level: 'trace', base: null, timestamp: false }, { write }), lines }
}

function open(t: Test, level: LogLevel) {
  const { logger, lines } = keeper()
  const log = new Log(logger, level)
  t.teardown(() => log.close())
  return { log, lines, tell: (happening: Happening) => log.tell({ at: new Date(), ...happening }) }
}

const failed = { type: 'connect-failed', host: 'a', port: 5432, reason: 'ECONNREFUSED' } as const
const WARN = 40

t.test('Log', async (t) => {
  t.test('has a line for an event from its level on', async (t) => {
    const { tell, lines } = open(t, 'info')
    tell({ type: 'connected', host: 'a', port: 5432, durationMs: 3 })
    tell({ type: 'retry', query: 'save', work: 'write', attempt: 1, delayMs: 12, reason: '40001' })
    tell({ type: 'outcome-unknown', query: 'save', reason: 'ECONNRESET' })
    t.same(lines, [
      {
        level: 30,
        event: 'retry',
        query: 'save',
        work: 'write',
        attempt: 1,
        delayMs: 12,
        reason: '40001',
        msg: 'a call failed, and is tried again',
      },
      {
        level: 50,
        event: 'outcome-unknown',
        query: 'save',
        reason: 'ECONNRESET',
        msg: 'it is not known whether a call took effect',
      },
    ])
  })

  t.test('tells everything at debug, and of a healthy system nothing at warn', async (t) => {
    const healthy = ['connected', 'retry', 'operation-replayed', 'plan-repaired', 'listen-restored']
    for (const [type, { level }] of Object.entries(logLines)) {
      t.equal(['debug', 'info'].includes(level), healthy.includes(type), type)
    }
    const { tell, lines } = open(t, 'debug')
    tell({ type: 'connected', host: 'a', port: 5432, durationMs: 3 })
    t.match(lines, [{ level: 20, event: 'connected' }])
  })

  t.test('sums up what is alike, with the fields that are the same in all', async (t) => {
    const { log, tell, lines } = open(t, 'warn')
    for (let each = 0; each < 5_000; each += 1) tell({ ...failed, host: `host-${each % 3}` })
    tell({ ...failed, reason: '57P03' })
    t.same(
      lines.map(({ reason, count }) => [reason, count]),
      [
        ['ECONNREFUSED', undefined],
        ['57P03', undefined],
      ],
    )
    log.close()
    t.same(lines.slice(2), [
      {
        level: WARN,
        event: 'connect-failed',
        port: 5432,
        reason: 'ECONNREFUSED',
        count: 4_999,
        msg: 'the server could not be connected to',
      },
    ])
  })

  t.test('tells of what goes on once a second, and then at once again', async (t) => {
    const { tell, lines } = open(t, 'warn')
    tell(failed)
    tell(failed)
    await until(() => lines.length === 2)
    t.notOk('count' in (lines[1] ?? {}), 'one alone is told as it is')
    for (let each = 0; each < 3; each += 1) tell(failed)
    t.equal(lines.length, 2, 'they go on being summed up')
    await until(() => lines.length === 3)
    t.match(lines[2], { count: 3 })
    const quietUntil = performance.now() + 2_100
    await until(() => performance.now() > quietUntil)
    tell(failed)
    t.equal(lines.length, 4, 'after a quiet second the next is told at once')
  })

  t.test('takes no more memory for ever new reasons', async (t) => {
    const { log, tell, lines } = open(t, 'warn')
    for (let each = 0; each < 5_000; each += 1) tell({ ...failed, reason: `reason-${each}` })
    t.equal(lines.length, 101)
    log.close()
    t.equal(lines.length, 102)
    t.same(lines.at(-1)?.count, 4_899)
  })

  t.test('is not hurt by a logger that throws or rejects, and says so once', async (t) => {
    const warnings: Error[] = []
    const listen = (warning: Error): void => void warnings.push(warning)
    process.on('warning', listen)
    t.teardown(() => process.off('warning', listen))
    const fail = () => {
      throw new Error('canary-7b1e')
    }
    const log = new Log({ warn: fail, error: async () => fail() }, 'debug')
    const at = new Date()
    log.tell({ at, ...failed })
    log.tell({ at, ...failed })
    log.tell({ at, type: 'outcome-unknown', query: 'save', reason: 'EPIPE' })
    log.tell({ at, type: 'connected', host: 'a', port: 5432, durationMs: 3 })
    log.close()
    await until(() => warnings.length > 0)
    await new Promise((resolve) => setImmediate(resolve))
    t.match(warnings, [{ name: 'AshlarWarning', message: 'the logger given to ashlar threw (Error); told once' }])
    t.equal(warnings.length, 1)
  })
})

t.test('connect', async (t) => {
  t.test('logs nothing of a healthy database at its default level', async (t) => {
    const access = await createTestDatabase(t)
    const { logger, lines } = keeper()
    const db = await connect({ ...access, logger })
    await db.query('SELECT 1')
    await db.query('SELECT 1/0').catch(() => {})
    await db.close()
    t.same(lines, [])
  })
})
