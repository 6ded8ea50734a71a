/** Starts child processes and reads what they report. */

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Report, Task } from './jobs.js'

const script = fileURLToPath(new URL('child.ts', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))
const TIME_LIMIT_MS = 120_000

/** Runs a task in a process of its own.
 *  @throws {Error} with what it printed when it fails */
export async function runTask(task: Task): Promise<Report> {
  return (await runNode(['--expose-gc', '--import', 'tsx', script, JSON.stringify(task)])) as Report
}

/** Runs node in the repository's root; gives its last line, which must be JSON. */
export function runNode(args: readonly string[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options = { cwd: root, timeout: TIME_LIMIT_MS, killSignal: 'SIGKILL' } as const
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      if (error?.killed) reject(new Error(`a child process took longer than ${TIME_LIMIT_MS / 1_000} s`))
      else if (error !== null) reject(new Error(`a child process failed: ${stderr.slice(-2_000)}`))
      else resolve(JSON.parse(stdout.trim().split('\n').at(-1) ?? 'null'))
    })
  })
}
