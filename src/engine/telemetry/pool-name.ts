/** Names of pools: by the conventions unique within the process, else the sizes of one would hide those of the other. */

import type { MeterProvider } from '@opentelemetry/api'
import type { ServerTarget } from '../../config.js'

const taken = new WeakMap<MeterProvider, Set<string>>()

/** A name that no other pool has with its provider of metrics, until it is given back. */
interface PoolName {
  readonly text: string
  giveBack(): void
}

/** Gives `HOST:PORT/DATABASE`, of several hosts each, and for a second pool on the same `HOST:PORT/DATABASE#2`. */
export function takePoolName(meters: MeterProvider, servers: readonly ServerTarget[]): PoolName {
  const names = taken.get(meters) ?? new Set()
  taken.set(meters, names)
  const base = `${servers.map(({ host, port }) => `${host}:${port}`).join(',')}/${servers[0]?.database}`
  let text = base
  for (let number = 2; names.has(text); number += 1) text = `${base}#${number}`
  names.add(text)
  return { text, giveBack: () => names.delete(text) }
}
