/** What the subcommands' definitions share. */

import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import type { Context } from './context.js'
import { reportFailure, UsageError } from './failure.js'
import { printUsageError } from './output.js'

/** What every subcommand takes. */
export interface GlobalOptions {
  readonly url?: string
  readonly json?: true
  readonly verbose?: true
}

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

export const program = new Command('ashlar')
  // Before the subcommands, which take it over.
  .configureOutput({ writeErr: printUsageError })
  .description('Raw-SQL, query-first data access for PostgreSQL.')
  .version(version)
  .exitOverride()
  .addHelpText('after', '\nExit codes: 0 done, 1 failed (health: degraded), 2 unhealthy, 64 wrong usage.')

/** Defines a subcommand, of the program unless another parent is given. */
export function command(name: string, description: string, parent: Command = program): Command {
  return parent
    .command(name)
    .description(description)
    .option('--json', 'print JSON, for programs')
    .option('--verbose', 'show the stack of an error')
}

export const urlFlags = '--url <url>'
export const urlHelp =
  'postgres://... or embedded:FOLDER (default: DATABASE_URL or PG* variables, which the process list does not show)'

/** Runs a subcommand and turns its failure into a message and an exit code. */
export async function run(
  { url, json, verbose }: GlobalOptions,
  work: (context: Context) => Promise<void>,
  subcommand?: Command,
): Promise<void> {
  try {
    await work({ url, isJson: json === true })
  } catch (error) {
    if (error instanceof UsageError) subcommand?.error(`error: ${error.message}`)
    reportFailure(error, verbose === true)
  }
}

/** Collects an option that may be given several times. */
export function collect(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text]
}

/** Makes a reader of an integer from 1 to `most`. */
export function toInteger(most: number, unit = ''): (text: string) => number {
  return (text) => {
    if (/^[1-9]\d{0,8}$/.test(text) && Number(text) <= most) return Number(text)
    throw new InvalidArgumentError(`It must be an integer from 1 to ${most}${unit}.`)
  }
}
