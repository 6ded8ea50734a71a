/** How a command fails: one clear message on stderr, an exit code that scripts can trust, no stack unless asked. */

import { inspect } from 'node:util'
import pc from 'picocolors'
import { DataAccessError } from '../errors.js'
import { printNote } from './output.js'

/** Exit codes of every command. `health` alone uses 1 for degraded and 2 for unhealthy. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  unhealthy: 2,
  /** The command line itself was wrong (EX_USAGE of sysexits.h). */
  usage: 64,
} as const

/** What was asked for cannot be: wrong usage that only the command itself, not its options, can tell. */
export class UsageError extends Error {}

/** Prints an error and sets the exit code. The stack and causes are shown only when `isVerbose`. */
export function reportFailure(error: unknown, isVerbose: boolean): void {
  process.exitCode = exitCodes.failed
  if (isVerbose) {
    printNote(inspect(error))
    return
  }
  if (error instanceof DataAccessError) printNote(`${pc.red('error')} ${error.message} ${pc.dim(`(${error.code})`)}`)
  else printNote(`${pc.red('error')} ${error instanceof Error ? error.message : String(error)}`)
  printNote(pc.dim('--verbose shows the stack.'))
}
