/** The way to a server: what needs no role yet. */

import type { Socket } from 'node:net'
import type { ServerTarget } from '../config.js'
import { encrypt } from './encryption.js'
import { findPlace, type Place } from './name.js'
import { openSocket } from './port.js'
import { askForTls } from './protocol.js'
import { type CheckLimits, type CheckOutcome, type CheckStep, type CheckStepName, unforeseen } from './report.js'
import { type Finding, runSteps } from './step.js'

/** Checks the way to a server, without a role: name, port, protocol and TLS. Never throws, and never hangs. */
export async function checkWay(server: ServerTarget, { connectTimeoutMs }: CheckLimits): Promise<readonly CheckStep[]> {
  let place: Place = { addresses: [] }
  let socket: Socket | null = null
  let isOffered = false
  const steps = new Map<CheckStepName, () => Promise<Finding<CheckOutcome>>>([
    [
      'name',
      async () => {
        place = await findPlace(server, connectTimeoutMs)
        const found = 'socketFile' in place ? place : { addresses: place.addresses.map(({ address }) => address) }
        return { outcome: 'ok', details: { host: server.host, ...found } }
      },
    ],
    [
      'port',
      async () => {
        socket = await openSocket(server, place, connectTimeoutMs)
        const { remoteAddress } = socket
        return { outcome: 'ok', details: { port: server.port, ...(remoteAddress ? { address: remoteAddress } : {}) } }
      },
    ],
    [
      'protocol',
      async () => {
        isOffered = await askForTls(socket as Socket, server, connectTimeoutMs)
        return { outcome: 'ok', details: { offersTls: isOffered } }
      },
    ],
    ['TLS', () => encrypt(socket as Socket, server, isOffered, connectTimeoutMs)],
  ])
  try {
    return await runSteps(steps, unforeseen)
  } finally {
    // Closed before the session is opened: it may be the last connection that the server has.
    ;(socket as Socket | null)?.destroy()
  }
}
