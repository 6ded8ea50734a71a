/** Step `hosts`, of several: what each of them is, and which one is checked further. */

import type { ServersTarget, ServerTarget } from '../config.js'
import { choose, noneFits } from '../engine/hosts/choose.js'
import type { Sighting } from '../engine/hosts/probe.js'
import { describeRole } from '../engine/hosts/role.js'
import { lookAtAll } from '../engine/hosts/round.js'
import { type CheckLimits, unforeseen } from './report.js'
import { runStep, StepFailure, type StepResult } from './step.js'

/** What {@link checkHosts} gives. */
interface HostsCheck {
  readonly step: StepResult<'hosts', 'ok' | 'failed'>
  /** The one that would be connected to; null when none is what is asked for. */
  readonly server: ServerTarget | null
}

/** Looks at all hosts. Never throws. */
export async function checkHosts(target: ServersTarget, { connectTimeoutMs }: CheckLimits): Promise<HostsCheck> {
  const { servers, targetSessionAttrs } = target
  let server: ServerTarget | null = null
  const look = async () => {
    const limits = { connectTimeoutMs, applicationName: 'ashlar check' }
    const sightings = await lookAtAll(servers, targetSessionAttrs, limits, () => {})
    const found = choose(sightings, targetSessionAttrs, null)
    if (found === null) {
      throw new StepFailure(
        noneFits(sightings, targetSessionAttrs, null).message.replace(/^connect: /, ''),
        'check a host alone, by a URL that names no other',
      )
    }
    server = found.server
    const { host, port } = found.server
    return { outcome: 'ok' as const, details: { used: `${host} port ${port}`, hosts: sightings.map(describe) } }
  }
  const step = await runStep('hosts', look, unforeseen)
  return { step, server }
}

function describe({ server: { host, port }, role }: Sighting): string {
  return `${host} port ${port}: ${role === null ? 'no answer' : describeRole(role)};`
}
