import { type SpawnOptions, spawn } from 'node:child_process'
import type { ServerUser } from './server-user.js'

// Nothing else is passed on: the server's environment is readable by every process of its user, and a parent's
// environment holds secrets (PGPASSWORD, tokens). LD_LIBRARY_PATH: systems without a standard library folder need it.
const passedOn = ['PATH', 'TZ', 'TMPDIR', 'LD_LIBRARY_PATH', 'SystemRoot', 'SystemDrive', 'TEMP', 'TMP']

/** Returns the spawn options that every program of the server needs: its user and a small environment. */
export function programOptions(user: ServerUser | null): SpawnOptions {
  const env: NodeJS.ProcessEnv = {}
  for (const name of passedOn) if (process.env[name] !== undefined) env[name] = process.env[name]
  // Messages are searched for "could not bind" and shown to the reader: English.
  env.LC_ALL = 'C'
  return { env, windowsHide: true, ...(user === null ? {} : { uid: user.uid, gid: user.gid }) }
}

/** How a program ended. */
export interface ProgramResult {
  /** Null when a signal ended it, as the time limit does. */
  readonly exitCode: number | null
  /** Standard output and standard error, as they came. */
  readonly output: string
}

/** Runs a program to its end, or kills it after `timeoutMs`.
 *  Its output goes through pipes, so a program whose parent was killed ends at its next message.
 *  @throws the system's error when the program cannot be started */
export async function runProgram(fields: {
  readonly command: string
  readonly args: readonly string[]
  readonly user: ServerUser | null
  readonly timeoutMs: number
  readonly cwd?: string
  /** File descriptor for its standard input. */
  readonly stdin?: number
}): Promise<ProgramResult> {
  return await new Promise((resolve, reject) => {
    const child = spawn(fields.command, fields.args, {
      ...programOptions(fields.user),
      stdio: [fields.stdin ?? 'ignore', 'pipe', 'pipe'],
      ...(fields.cwd === undefined ? {} : { cwd: fields.cwd }),
    })
    // Not spawn's own `timeout`: that one keeps its timer, and so this process, when the program cannot be started.
    const timer = setTimeout(() => child.kill('SIGKILL'), fields.timeoutMs)
    const chunks: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.once('close', (exitCode) => {
      clearTimeout(timer)
      resolve({ exitCode, output: Buffer.concat(chunks).toString('utf8').trim() })
    })
  })
}
