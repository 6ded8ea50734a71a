import { DatabaseError } from 'pg'
import t from 'tap'
import { connecting, mapError } from '../../../src/engine/map-error.js'
import { reasonOf } from '../../../src/engine/monitor/reason.js'
import { ConnectionError, OutcomeUnknownError, QueryError, RetryExhaustedError } from '../../../src/errors.js'

function serverError(code: string): DatabaseError {
  return Object.assign(new DatabaseError('refused', 1, 'error'), { code })
}

t.test('reasonOf', async (t) => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  const inWrite = { query: 'q', isOutcomeAtStake: true }

  t.test('gives the SQLSTATE of what the server refused', async (t) => {
    t.equal(reasonOf(mapError(serverError('25006'), inWrite)), '25006')
    t.equal(reasonOf(mapError(serverError('28P01'), connecting)), '28P01')
    t.equal(reasonOf(serverError('57P01')), '57P01')
  })

  t.test('gives the code of what the network said, however deep it lies', async (t) => {
    const mapped = mapError(refused, connecting)
    t.equal(reasonOf(mapped), 'ECONNREFUSED')
    t.equal(reasonOf(new ConnectionError('none', { cause: mapped })), 'ECONNREFUSED')
    t.equal(reasonOf(new RetryExhaustedError('q', 2, 10, mapped)), 'ECONNREFUSED')
    t.equal(reasonOf(mapError(refused, inWrite)), 'ECONNREFUSED')
  })

  t.test("gives ashlar's own code where there is no other", async (t) => {
    t.equal(reasonOf(new OutcomeUnknownError('q')), 'ASHLAR_OUTCOME_UNKNOWN')
    t.equal(reasonOf(new QueryError('m', { query: 'q', sqlState: null })), 'ASHLAR_QUERY')
    t.equal(reasonOf(mapError(new Error('Connection terminated unexpectedly'), connecting)), 'ASHLAR_CONNECTION')
  })

  t.test('names what is no error of ours, and never repeats its message', async (t) => {
    t.equal(reasonOf(new TypeError('secret')), 'TypeError')
    t.equal(reasonOf('secret'), 'string')
  })

  t.test('does not follow errors that are their own cause for ever', async (t) => {
    const error = new ConnectionError('round')
    error.cause = error
    t.equal(reasonOf(error), 'ASHLAR_CONNECTION')
  })
})
