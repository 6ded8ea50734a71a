/** The condition of every case: all contenders give the same rows. */

import { isDeepStrictEqual } from 'node:util'

/** @throws {Error} that names the contender whose value is not the first one's */
export function assertEqualAnswers(what: string, answers: ReadonlyMap<string, unknown>): void {
  const [first, ...others] = [...answers].map(([name, value]) => [name, plain(value)] as const)
  if (first === undefined) return
  for (const [name, value] of others) {
    if (isDeepStrictEqual(value, first[1])) continue
    throw new Error(`${what}: ${name} and ${first[0]} differ:\n${excerpt(value)}\n${excerpt(first[1])}`)
  }
}

/** Drops the classes and prototypes of arrays and rows, which clients choose differently; dates stay dates. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, plain)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]))
}

function excerpt(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 600) ?? String(value)
}
