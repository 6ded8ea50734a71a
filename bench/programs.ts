/** PostgreSQL's own programs, as limits of what can be had: left out where they are not installed. */

import { execFileSync, spawn } from 'node:child_process'
import type { Target } from './contenders/contender.js'

/** Gives the version that a program tells, or null when there is no such program. */
export function versionOf(program: string): string | null {
  try {
    return /[\d.]+/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[0] ?? 'unknown'
  } catch {
    return null
  }
}

/** Runs a program against a server; gives what it prints.
 *  @throws {Error} with its complaint when it fails */
export function runProgram(program: string, args: readonly string[], target: Target, input = ''): Promise<string> {
  const { host, port, user, password, database } = target
  const env = {
    ...process.env,
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
  }
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
    let printed = ''
    let complaint = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      complaint += chunk
    })
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve(printed) : reject(new Error(`${program} ended with ${code}: ${complaint}`)),
    )
    child.stdin.end(input)
  })
}

/** Runs a script with pgbench: prepared statements, one thread. Gives transactions a second, connecting not counted. */
export async function runPgbench(target: Target, script: string, clients: number, seconds: number): Promise<number> {
  const args = ['-n', '-M', 'prepared', '-j', '1', '-c', String(clients), '-T', String(seconds), '-f', '-']
  const printed = await runProgram('pgbench', args, target, script)
  const rate = /^tps = ([\d.]+)/m.exec(printed)?.[1]
  if (rate === undefined) throw new Error(`pgbench printed no rate:\n${printed}`)
  return Number(rate)
}
