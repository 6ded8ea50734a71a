/** Step `name`: what the host's name stands for. */

import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import type { ServerTarget } from '../config.js'
import { StepFailure, within } from './step.js'

/** Where a server is: the file of its Unix socket, or the addresses of its name. */
export type Place = { readonly socketFile: string } | { readonly addresses: readonly LookupAddress[] }

/** Finds the place of a server.
 *  @throws {StepFailure} when its name stands for nothing, or nothing tells what it stands for */
export async function findPlace({ host, port }: ServerTarget, limitMs: number): Promise<Place> {
  if (host.startsWith('/')) return { socketFile: await findSocketFile(host, port) }
  const family = isIP(host)
  if (family !== 0) return { addresses: [{ address: host, family }] }
  const found = lookup(host, { all: true }).catch((error: NodeJS.ErrnoException) => {
    throw lookupFailed(host, error)
  })
  return { addresses: await within(found, limitMs, () => unanswered(host, `no answer within ${limitMs} ms`)) }
}

async function findSocketFile(folder: string, port: number): Promise<string> {
  const file = join(folder, `.s.PGSQL.${port}`)
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => error)
  if (!(found instanceof Error) && found.isSocket()) return file
  throw new StepFailure(
    found instanceof Error ? `${file} cannot be used (${found.code})` : `${file} is not a Unix socket`,
    `name the folder that \`SHOW unix_socket_directories\` tells and the port of \`SHOW port\`, or connect over the network: host 127.0.0.1`,
  )
}

function lookupFailed(host: string, { code = 'unknown' }: NodeJS.ErrnoException): StepFailure {
  if (code === 'EAI_AGAIN') return unanswered(host, 'no name server answers (EAI_AGAIN)')
  return new StepFailure(
    `there is no host named ${host} (${code})`,
    `look for a mistake in the host's name; \`getent hosts ${host}\` asks as this program does. A name that only a private network or a container's network knows is known only within it`,
  )
}

function unanswered(host: string, why: string): StepFailure {
  return new StepFailure(
    `the name ${host} was not resolved: ${why}`,
    "check this machine's network and name servers (/etc/resolv.conf, VPN), or give an address instead of the name",
  )
}
