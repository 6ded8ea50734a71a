/** Single writes and transactions, each durable before it counts. */

import { allContenders } from '../contenders/all.js'
import type { Able, NewNote } from '../contenders/contender.js'
import { assertEqualAnswers } from '../measure/equal-rows.js'
import { closedLoop, spread } from '../measure/load.js'
import { ACCOUNTS, type BenchServer } from '../server.js'
import { type BenchCase, having, rate, runCase, SLICE_MS, WARM_UP_MS } from './bench-case.js'

const CONNECTIONS = 10
const INSERT_CALLERS = 64
const TRANSACTION_CALLERS = 16

const note: NewNote = {
  author: 'ada',
  body: 'the quick brown fox jumps over the lazy dog',
  tags: ['one', 'two, with a comma', 'three "quoted"'],
  payload: { kind: 'note', parts: [1, 2, 3], nested: { isDeep: true } },
}

/** 64 callers insert single rows over 10 connections and get their ids. */
export const insert: BenchCase = async (context) => {
  const { admin } = context.server
  const load = (work: Inserts, durationMs: number) =>
    closedLoop(INSERT_CALLERS, durationMs, () => work.createNote(note))
  const result = await runCase<Inserts>(context, {
    measure: { case: 'insert', unit: 'rows/s', better: 'higher' },
    contenders: allContenders,
    connections: CONNECTIONS,
    can: having('createNote'),
    async assertEqual(opened) {
      const answers = new Map<string, unknown>([['what was given', [note]]])
      for (const { name, work } of opened) {
        const noteId = await work.createNote(note)
        const written = 'SELECT author, body, tags, payload FROM bench.note WHERE note_id = $1'
        answers.set(name, (await admin.query(written, [noteId])).rows)
      }
      assertEqualAnswers('insert', answers)
    },
    warmUp: (work) => load(work, WARM_UP_MS),
    run: async (work) => rate(await load(work, SLICE_MS)),
  })
  await admin.query('TRUNCATE bench.note')
  return [result]
}

/** 16 callers over 10 connections: BEGIN, an update, an insert, COMMIT. */
export const transaction: BenchCase = async (context) => {
  const { admin } = context.server
  const load = (work: Transfers, durationMs: number) =>
    closedLoop(TRANSACTION_CALLERS, durationMs, (turn) => work.transfer(spread(turn, ACCOUNTS), 1))
  const result = await runCase<Transfers>(context, {
    measure: { case: 'transaction', unit: 'transactions/s', better: 'higher' },
    contenders: allContenders,
    connections: CONNECTIONS,
    can: having('transfer'),
    async assertEqual(opened) {
      const answers = new Map<string, unknown>([['what was meant', [{ balance: 5, booked: '5' }]]])
      for (const [index, { name, work }] of opened.entries()) {
        await work.transfer(index + 1, 5)
        const written = `SELECT balance, (SELECT sum(amount) FROM bench.booking WHERE account_id = $1) AS booked
          FROM bench.account WHERE account_id = $1`
        answers.set(name, (await admin.query(written, [index + 1])).rows)
      }
      assertEqualAnswers('transaction', answers)
      await admin.query('UPDATE bench.account SET balance = 0 WHERE balance > 0')
      await admin.query('TRUNCATE bench.booking')
    },
    warmUp: (work) => load(work, WARM_UP_MS),
    run: async (work) => rate(await load(work, SLICE_MS)),
  })
  await assertBalanced(context.server)
  return [result]
}

/** Under load too, both writes of each transaction were kept. */
async function assertBalanced({ admin }: Pick<BenchServer, 'admin'>): Promise<void> {
  const { rows } = await admin.query<{ balance: string; booked: string }>(
    'SELECT (SELECT sum(balance) FROM bench.account) AS balance, (SELECT sum(amount) FROM bench.booking) AS booked',
  )
  if (rows[0]?.balance !== rows[0]?.booked) throw new Error('transaction: a half of one was lost')
}

type Inserts = Able<'createNote'>
type Transfers = Able<'transfer'>
