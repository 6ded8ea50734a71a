import { join } from 'node:path'
import { EmbeddedServerError } from '../errors.js'
import { answers } from './connection.js'
import { stopPostmaster } from './postmaster.js'
import { isRunning, servesFolder, stateOf } from './process-identity.js'
import { readPostmasterFile, type ServerState } from './state-file.js'
import { becomesTrue, type Deadline } from './waiting.js'

/** A server that was found at work in a folder and takes the folder's password. */
export interface RunningServer {
  readonly pid: number
  readonly port: number
  /** Whether the process that must stop it still lives. */
  readonly isOwned: boolean
}

const answerTimeoutMs = 5_000
const endingOwnerMs = 10_000

/** Tells whether the process lives that a state names as the server's owner. */
function ownerLives(state: ServerState): boolean {
  // In another container it cannot be seen; but its server answered, so it is not for us to stop.
  return state.ownerPid !== null && stateOf({ pid: state.ownerPid, start: state.ownerStart }) !== 'dead'
}

/** Finds the folder's server. One that does not answer, such as one that is just ending with its owner, is gone
 *  when this returns null.
 *  @throws {EmbeddedServerError} `folder-in-use` when it neither answers nor ends and its owner lives */
export async function findRunningServer(
  folder: string,
  state: ServerState,
  deadline: Deadline,
): Promise<RunningServer | null> {
  const data = join(folder, 'data')
  // PostgreSQL's own file first: a process that was killed between starting a server and writing it down left only that.
  const file = readPostmasterFile(data)
  const candidates = [file, { pid: state.pid, port: state.port }]
  for (const candidate of candidates) {
    const pid = candidate?.pid ?? null
    const port = candidate?.port ?? null
    if (pid === null || servesFolder(pid, data) === 'no') continue
    const timeoutMs = Math.min(answerTimeoutMs, deadline.remainingMs())
    if (port !== null && (await answers(port, state.password, timeoutMs))) {
      return { pid, port, isOwned: ownerLives(state) }
    }
    await endSilentServer(pid, folder, state, deadline)
  }
  return null
}

async function endSilentServer(pid: number, folder: string, state: ServerState, deadline: Deadline): Promise<void> {
  // Nothing proves that it is ours: PostgreSQL finds out when it starts.
  if (servesFolder(pid, join(folder, 'data')) !== 'yes') return
  const withinMs = Math.min(endingOwnerMs, deadline.remainingMs())
  if (!(await becomesTrue(() => !isRunning(pid) || !ownerLives(state), withinMs))) {
    throw new EmbeddedServerError(
      'folder-in-use',
      `the server of ${folder} (process ${pid}) does not answer, and its owner, process ${state.ownerPid}, lives: end that process first`,
    )
  }
  if (servesFolder(pid, join(folder, 'data')) === 'yes') await stopPostmaster(pid)
}
