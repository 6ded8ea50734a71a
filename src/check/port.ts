/** Step `port`: a TCP connection, or one to the Unix socket. */

import { connect, type NetConnectOpts, type Socket } from 'node:net'
import type { ServerTarget } from '../config.js'
import type { Place } from './name.js'
import { StepFailure, within } from './step.js'

/** Opens a socket to the server's place; its errors from now on are for whoever reads it.
 *  @throws {StepFailure} when nothing listens, or nothing answers in time */
export async function openSocket(server: ServerTarget, place: Place, limitMs: number): Promise<Socket> {
  const socket = connect(socketOptions(server, place))
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  // A socket that fails when nobody looks would end the process.
  socket.on('error', () => {})
  try {
    await within(opened, limitMs, () => silent(server, `no answer within ${limitMs} ms`))
    return socket
  } catch (error) {
    socket.destroy()
    throw error instanceof StepFailure ? error : refused(server, error)
  }
}

function socketOptions({ host, port }: ServerTarget, place: Place): NetConnectOpts {
  if ('socketFile' in place) return { path: place.socketFile }
  const [first = { address: host, family: 0 }] = place.addresses
  return {
    host,
    port,
    // The name was looked up by the step before, whose time is not this one's.
    lookup: (_host, { all }, callback) => {
      if (all) callback(null, [...place.addresses])
      else callback(null, first.address, first.family)
    },
  }
}

/** A host with several addresses fails with one error for each. */
function refused(server: ServerTarget, error: unknown): StepFailure {
  const errors: readonly NodeJS.ErrnoException[] = error instanceof AggregateError ? error.errors : [error]
  const reason = errors.map(({ message }) => message).join('; ')
  const codes = errors.map(({ code }) => code ?? '')
  if (codes.includes('ECONNREFUSED')) return closed(server, reason)
  if (codes.some((code) => code === 'EACCES' || code === 'EPERM')) {
    return new StepFailure(
      reason,
      'this user, or a firewall of this machine, may not open the connection: check its rules and the rights on the socket',
    )
  }
  return silent(server, reason)
}

function closed({ host, port }: ServerTarget, reason: string): StepFailure {
  return new StepFailure(
    `nothing listens on ${host} port ${port} (${reason})`,
    host.startsWith('/')
      ? 'start the server: the socket file is one that an earlier server left'
      : "start the server, or correct the port: `SHOW port` and `SHOW listen_addresses` in psql on its machine tell where it listens (for other machines: listen_addresses = '*'; a container must publish its port)",
  )
}

function silent({ host, port }: ServerTarget, reason: string): StepFailure {
  return new StepFailure(
    `${host} port ${port} cannot be reached: ${reason}`,
    `check that the address is right, and that a firewall, a security group or a VPN lets TCP port ${port} through from here`,
  )
}
