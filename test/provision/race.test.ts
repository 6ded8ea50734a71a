import t from 'tap'
import { QueryError } from '../../src/errors.js'
import { untilAlone, wasFirst } from '../../src/provision/race.js'

/** Work that fails `times` times with a SQLSTATE, and counts how often it was tried. */
function failing(times: number, sqlState: string) {
  const work = async (): Promise<void> => {
    work.tried += 1
    if (work.tried <= times) throw new QueryError(sqlState, { query: 'query', sqlState })
  }
  work.tried = 0
  return work
}

t.test('wasFirst', async (t) => {
  t.test('is true when the statement succeeds', async (t) => {
    t.equal(await wasFirst(failing(0, ''), async () => true), true)
  })

  t.test('is false when another session made it', async (t) => {
    for (const sqlState of ['42710', '42P04', '23505', 'XX000']) {
      t.equal(await wasFirst(failing(1, sqlState), async () => true), false, sqlState)
    }
  })

  t.test('tries again while it is not there', async (t) => {
    const work = failing(2, 'XX000')
    t.equal(await wasFirst(work, async () => false), true)
    t.equal(work.tried, 3)
  })

  t.test('gives up on an internal error that stays', async (t) => {
    await t.rejects(
      wasFirst(failing(9, 'XX000'), async () => false),
      { message: 'query: XX000' },
    )
  })

  t.test('throws what is no race at once', async (t) => {
    const work = failing(1, '42501')
    await t.rejects(untilAlone(work), { message: 'query: 42501' })
    t.equal(work.tried, 1)
  })
})
