/** Medians and percentiles of measured figures. */

/** Gives the middle of the values; of an even number, the mean of the two in the middle.
 *  @throws {RangeError} when there are none */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[sorted.length >> 1]
  if (upper === undefined) throw new RangeError('no values')
  return sorted.length % 2 === 1 ? upper : ((sorted[(sorted.length >> 1) - 1] ?? upper) + upper) / 2
}

/** Gives the arithmetic mean.
 *  @throws {RangeError} when there are none */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values')
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Gives the smallest value that `share` (0 to 1) of the values do not exceed.
 *  @throws {RangeError} when there are none */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  if (value === undefined) throw new RangeError('no values')
  return value
}

/** Rounds to four significant digits, and to whole numbers from 1,000 on: more is noise. */
export function roundFigure(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(4))
}
