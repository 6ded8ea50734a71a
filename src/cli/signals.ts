/** Ctrl-C, SIGTERM, a closed terminal: the end of a command is an exit, because a process that dies by a signal leaves
 *  its embedded server behind. */

import { constants } from 'node:os'

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Ending = (typeof endings)[number]

let onSignal: (signal: Ending) => void = (signal) => process.exit(128 + constants.signals[signal])

/** What a program ends with that SIGPIPE ends; Node.js ignores that signal and reports an error instead. */
const NO_READER = 128 + 13

/** Makes each of the signals, and output that nobody reads, end this process with the exit code that shells know it by. What is under way on the
 *  server is rolled back there; embedded servers of this process stop. */
export function exitOnSignals(): void {
  for (const signal of endings) process.on(signal, () => onSignal(signal))
  // As in `ashlar tour | head`: nobody reads any more, which is no reason to print a stack.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => process.exit(NO_READER))
}

/** Resolves at the next of the signals, which from now on do not end the process: a second Ctrl-C (npm passes the first
 *  one on, so that it comes twice) must not cut short what the caller does to end well. Does not keep the process up. */
export function nextSignal(): Promise<void> {
  return new Promise((resolve) => {
    onSignal = () => resolve()
  })
}
