/** `npm run test:soak [-- --minutes 10]`: random faults for a while, after which everything must be as at the beginning. */

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { connect, type Database } from '../../src/database.js'
import { startFaultProxy } from '../fixtures/fault-proxy.js'
import { withClient } from '../fixtures/standby-pair.js'
import { APPLICATION } from './arena.js'
import { CANARY_PASSWORD, CanaryWatch } from './canary.js'
import { Ledger, type StoredRow } from './ledger.js'
import { Load } from './load.js'
import { ALL_ROWS } from './operations.js'
import { startPreparedServer } from './prepared-server.js'
import { measure, type Residue, residueLine, verdictOf } from './residue.js'
import { strikeAtRandom } from './strikes.js'

const MINUTE_MS = 60_000
const POOL = { min: 2, max: 20, acquireTimeoutMs: 5_000 } as const
const CALLERS = 16
/** Some 1,000 operations a second, and not all that the machine can do. */
const REST_MS = 15

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } })
const minutes = Number(values.minutes)
if (!Number.isInteger(minutes) || minutes < 2) throw new Error('--minutes takes an integer from 2')
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const broken: string[] = []
const canary = new CanaryWatch()
process.on('uncaughtException', (error) => broken.push(`reached the process: ${String(error)}`))
process.on('unhandledRejection', (error) => broken.push(`reached the process: ${String(error)}`))

const server = await startPreparedServer()
const proxy = await startFaultProxy({ port: server.port, holeMs: 500 })
const { host, user, database } = server
const access = { host, port: proxy.port, user, password: CANARY_PASSWORD, database }
const db = await connect({ ...access, applicationName: APPLICATION, pool: POOL })
db.onEvent((event) => canary.search('event', event))
const residues: Residue[] = []
try {
  for (let minute = 1; minute <= minutes; minute += 1) {
    const strikes = await soakFor(MINUTE_MS)
    residues.push(await rest(db))
    process.stdout.write(`minute ${minute}: ${strikes}; ${residueLine(residues.at(-1))}\n`)
  }
} catch (error) {
  // Else the process would go on without end, for it outlives whatever is thrown.
  broken.push(`the soak itself failed: ${String(error)}`)
}
if (residues.length === 0) broken.push('nothing was measured')
if (residues.length > 0) broken.push(...verdictOf(residues, POOL.max))
broken.push(...canary.hits.map((hit) => `a canary was found in ${hit}`))
process.stdout.write(broken.length === 0 ? 'flat\n' : `NOT FLAT\n${broken.map((line) => `  ${line}\n`).join('')}`)
process.stdout.write('', () => process.exit(broken.length === 0 ? 0 : 1))

/** Works and strikes for a while, closes the books, and forgets them. Gives what happened. */
async function soakFor(ms: number): Promise<string> {
  const ledger = new Ledger()
  const options = { operations: 1, limit: Infinity, callers: CALLERS, restMs: REST_MS, hasIds: true, readsBack: true }
  const load = new Load(db, ledger, { ...options, canary })
  load.start()
  const strikes = await strikeAtRandom({ server, proxy, db, until: performance.now() + ms })
  const unsettled = await load.finish(30_000)
  await load.resolveUnknown(30)
  const accounts = await withClient(server, async (client) => {
    const { rows } = await client.query<StoredRow>(ALL_ROWS)
    await client.query('TRUNCATE fault_row, core.operation')
    return { ...ledger.compare(rows), unknownLeft: ledger.count('unknown'), unsettled }
  })
  const wrong = Object.entries(accounts).filter(([, count]) => count > 0)
  broken.push(...wrong.map(([name, count]) => `${name} is ${count}`), ...new Set(load.broken))
  return `${ledger.issued} operations, ${ledger.count('acked')} acknowledged, ${strikes} faults`
}

/** Waits until nothing is under way, and measures what is left. */
async function rest(db: Database): Promise<Residue> {
  for (let attempt = 0; attempt < 500 && db.stats().pool.borrowed > 0; attempt += 1) await sleep(10)
  // What was black-holed has ended on both sides by then.
  await sleep(2_000)
  return measure(async () => {
    const text = 'SELECT count(*)::int AS sessions FROM pg_stat_activity WHERE application_name = $1'
    return withClient(server, async (client) => (await client.query(text, [APPLICATION])).rows[0].sessions)
  })
}
