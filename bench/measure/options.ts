/** The command line of `npm run bench`. */

/** What is to be run, and how it is told. */
export interface Options {
  /** Names of cases; none means all. */
  readonly cases: readonly string[]
  readonly isJson: boolean
  /** Where the chart goes. */
  readonly chart: string
}

/** What cannot be meant; the message says so. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Reads arguments: case names, `--json`, `--chart FILE`.
 *  @throws {UsageError} when an argument is unknown */
export function readOptions(args: readonly string[], known: readonly string[], defaultChart: string): Options {
  const cases: string[] = []
  let isJson = false
  let chart = defaultChart
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? ''
    if (argument === '--json') isJson = true
    else if (argument === '--chart') {
      index += 1
      const path = args[index]
      if (path === undefined) throw new UsageError('--chart needs a file')
      chart = path
    } else if (known.includes(argument)) cases.push(argument)
    else throw new UsageError(`no case ${argument}; there are: ${known.join(', ')}`)
  }
  return { cases, isJson, chart }
}
