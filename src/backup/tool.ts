/** The client programs of PostgreSQL: found, asked for their version, and run. */

import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { BackupError } from '../errors.js'

/** A program that was seen to run. */
export interface Tool {
  readonly name: ToolName
  readonly path: string
  /** Of PostgreSQL: `18.4`. */
  readonly version: string
  readonly major: number
}

/** The programs in use. */
export type ToolName = 'pg_dump' | 'pg_restore' | 'psql'

/** Environment of a program, whole. */
export type ToolEnvironment = Readonly<Record<string, string>>

// What a program says is kept from its beginning, where its first error stands.
const KEPT_CHARACTERS = 64 * 1024

/** Finds a program in a folder or, without one, in PATH.
 *  @throws {BackupError} `tool-missing` */
export async function findTool(name: ToolName, folder: string | undefined, file: string): Promise<Tool> {
  const path = folder === undefined ? name : resolve(folder, name)
  const running = startTool({ name, path }, ['--version'], baseEnvironment())
  let output = ''
  running.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const { exitCode } = await running.ended
  const [, version, major] = /\(PostgreSQL\) ((\d+)\S*)/.exec(output) ?? []
  if (exitCode === 0 && version !== undefined) return { name, path, version, major: Number(major) }
  const where = folder === undefined ? 'in PATH' : `in ${folder}`
  throw new BackupError(
    'tool-missing',
    file,
    `${name} was not found ${where}: install PostgreSQL's client programs (\`apt-get install postgresql-client\`, \`brew install libpq\`) of the server's version or later, or name their folder by --bin-dir or ASHLAR_PG_BIN`,
  )
}

/** Gives the environment that every program needs. Nothing else is passed on: PG variables of this process may be about
 *  another server. */
export function baseEnvironment(): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'SystemRoot', 'TEMP', 'TMP']) {
    const value = process.env[name]
    if (value !== undefined) environment[name] = value
  }
  // Messages are searched for: English.
  environment.LC_ALL = 'C'
  return environment
}

/** A program at work. */
export interface RunningTool {
  readonly stdin: Writable
  readonly stdout: Readable
  /** Never rejects. */
  readonly ended: Promise<ToolEnd>
  stop(): void
}

/** How a program ended. */
export interface ToolEnd {
  /** Null when a signal ended it, or it could not be started. */
  readonly exitCode: number | null
  readonly stderr: string
}

/** Starts a program, which ends with this process at the latest. */
export function startTool(
  tool: Pick<Tool, 'name' | 'path'>,
  args: readonly string[],
  env: ToolEnvironment,
): RunningTool {
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(tool.path, args, {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  })
  const stop = (): void => void child.kill('SIGTERM')
  process.on('exit', stop)
  // A program that ends early closes its input; how it ended tells why.
  child.stdin.on('error', () => {})
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    ended: endOf(child).finally(() => process.off('exit', stop)),
    stop,
  }
}

function endOf(child: ChildProcess): Promise<ToolEnd> {
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(0, KEPT_CHARACTERS)
  })
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ exitCode: null, stderr: error.message }))
    child.once('close', (exitCode) => resolve({ exitCode, stderr }))
  })
}

/** Gives what a program says of its failure, without what it says of rows: the first error, and the server's own. */
export function failureIn({ exitCode, stderr }: ToolEnd): string {
  const lines = stderr.split('\n')
  const first =
    lines.find((line) => /\berror: |\b(?:ERROR|FATAL|PANIC): /.test(line)) ?? lines.find((line) => line.trim() !== '')
  const own = lines.find((line) => line.includes('Error message from server'))
  const said = [first, own === first ? undefined : own].filter((line) => line !== undefined)
  return (
    said.map((line) => line.replace(/^\S+: (?:error|detail): /, '').trim()).join('; ') ||
    (exitCode === null ? 'it was killed' : 'it gave no reason')
  )
}
