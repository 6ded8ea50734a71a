import t from 'tap'
import { ConnectionError, PoolOverloadedError, QueryError, UniqueViolationError } from '../src/errors.js'

t.test('PoolOverloadedError', async (t) => {
  t.test('is a ConnectionError that tells the limit and the sizes', async (t) => {
    const pool = { max: 2, open: 2, idle: 0, borrowed: 2, lanes: 0, waiting: 7 }
    const error = new PoolOverloadedError(7, pool)
    t.ok(error instanceof ConnectionError)
    t.match(error, { code: 'ASHLAR_POOL_OVERLOADED', limit: 7, pool })
    t.equal(error.message, '7 calls are waiting already: nothing was sent; 2 of 2 borrowed')
  })
})

t.test('QueryError', async (t) => {
  const fields = { query: 'copyThings', sqlState: '22P02' }
  t.test('tells the row of the input where it is known', async (t) => {
    t.equal(new QueryError('refused', { ...fields, row: 0 }).row, 0)
    const constraint = { constraint: 'thing_name_key', table: 'demo.thing', column: null }
    t.equal(new UniqueViolationError('refused', { ...fields, ...constraint, row: 4 }).row, 4)
  })

  t.test('has no row otherwise', async (t) => {
    t.equal(new QueryError('refused', fields).row, null)
  })
})
