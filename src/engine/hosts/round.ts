/** Looks at all hosts at once. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerTarget } from '../../config.js'
import type { TargetSessionAttrs } from '../../session-attrs.js'
import { noAnswer, type Probe, type ProbeLimits, type Sighting, startProbe } from './probe.js'
import { fitness } from './role.js'

/** How long a host that fits waits for the others, which may fit better, in ms. A dead one must not hold up the rest for as
 *  long as connecting may take. */
const GRACE_MS = 500
/** While none fits and some give no answer, the others are asked again after so long, in ms: one may be promoted. */
const AGAIN_MS = 250

/** Gives what was seen last of each host, in their order. Never rejects. `onStarted` gets the way to end it at once. */
export function lookAtAll(
  servers: readonly ServerTarget[],
  attrs: TargetSessionAttrs,
  limits: ProbeLimits,
  onStarted: (giveUp: () => void) => void,
): Promise<readonly Sighting[]> {
  const seen: (Sighting | undefined)[] = servers.map(() => undefined)
  const probes = new Set<Probe>()
  let timer: NodeJS.Timeout | null = null
  let isOver = false
  let onOver = (): void => {}
  const over = new Promise<void>((resolve) => {
    onOver = resolve
  })
  const end = (): void => {
    isOver = true
    onOver()
  }
  onStarted(end)

  const look = async (server: ServerTarget): Promise<Sighting> => {
    const probe = startProbe(server, limits)
    probes.add(probe)
    const sighting = await probe.sighting
    probes.delete(probe)
    return sighting
  }
  const watch = async (server: ServerTarget, index: number): Promise<void> => {
    while (!isOver) {
      const sighting = await look(server)
      if (isOver) return
      seen[index] = sighting
      if (seen.every((each) => each !== undefined)) end()
      if (sighting.role !== null && fitness(sighting.role, attrs) > 0) {
        timer ??= setTimeout(end, GRACE_MS)
        return
      }
      // It keeps no process alive: while it runs, others are still being looked at.
      await Promise.race([over, sleep(AGAIN_MS, null, { ref: false })])
    }
  }
  const all = servers.map(watch)
  return over.then(async () => {
    if (timer !== null) clearTimeout(timer)
    for (const probe of probes) probe.giveUp()
    await Promise.all(all)
    return servers.map((server, index) => seen[index] ?? noAnswer(server))
  })
}
