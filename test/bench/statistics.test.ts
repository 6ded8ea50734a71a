import fc from 'fast-check'
import t from 'tap'
import { mean, median, percentile, roundFigure } from '../../bench/measure/statistics.js'

t.test('median', async (t) => {
  t.test('gives the middle, or the mean of the two in the middle', async (t) => {
    t.equal(median([5]), 5)
    t.equal(median([9, 1, 5]), 5)
    t.equal(median([10, 2, 9, 1]), 5.5)
  })

  t.test('leaves the values in their order', async (t) => {
    const values = [3, 1, 2]
    median(values)
    t.same(values, [3, 1, 2])
  })

  t.test('has as many values at or below it as at or above it', async () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const middle = median(values)
        const below = values.filter((value) => value <= middle).length
        const above = values.filter((value) => value >= middle).length
        return below * 2 >= values.length && above * 2 >= values.length
      }),
    )
  })

  t.test('refuses nothing at all', async (t) => {
    t.throws(() => median([]), RangeError)
    t.throws(() => mean([]), RangeError)
    t.throws(() => percentile([], 0.5), RangeError)
  })
})

t.test('percentile', async (t) => {
  t.test('gives the smallest value that the share does not exceed', async (t) => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index)
    t.equal(percentile(values, 0.5), 100)
    t.equal(percentile(values, 0.99), 198)
    t.equal(percentile(values, 1), 200)
    t.equal(percentile(values, 0), 1)
  })
})

t.test('roundFigure', async (t) => {
  t.test('keeps four digits, and whole numbers from 1,000 on', async (t) => {
    t.equal(roundFigure(123_456.7), 123_457)
    t.equal(roundFigure(1.234567), 1.235)
    t.equal(roundFigure(0), 0)
  })
})
