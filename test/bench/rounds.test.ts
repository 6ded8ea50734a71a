import t from 'tap'
import { rotated, runRounds } from '../../bench/measure/rounds.js'

t.test('runRounds', async (t) => {
  const ran: string[] = []
  const runner = (name: string, isWhole?: true) => ({
    name,
    ...(isWhole ? { isWhole } : {}),
    async run() {
      ran.push(name)
      return { figure: ran.length, extras: { twice: ran.length * 2 } }
    },
  })

  t.test('rotates the order in each slice, and runs whole ones once a round', async (t) => {
    ran.length = 0
    await runRounds([runner('a'), runner('b'), runner('limit', true)], { rounds: 2, slices: 2 }, () => {})
    t.equal(ran.join(' '), 'a b limit b a limit a b a b')
  })

  t.test('gives the means of the slices, a figure a round', async (t) => {
    ran.length = 0
    const runs = await runRounds([runner('a'), runner('b')], { rounds: 2, slices: 2 }, () => {})
    t.same(runs.get('a'), [
      { figure: 2.5, extras: { twice: 5 } },
      { figure: 6.5, extras: { twice: 13 } },
    ])
  })
})

t.test('rotated', async (t) => {
  t.test('begins with a later item, and wraps', async (t) => {
    t.same(rotated([1, 2, 3], 4), [2, 3, 1])
    t.same(rotated([], 4), [])
  })
})
