/** Differences in words. */

import type { Difference, PartDifference } from '../catalogue/compare-catalogues.js'

/** Longest part of a definition that is shown. */
const MOST_SIGNS = 200

/** Says what a difference is in one line: `changed column core.a.b (default)`. */
export function describeDifference({ change, kind, name, parts }: Difference): string {
  return `${change} ${kind} ${name}${parts.length === 0 ? '' : ` (${parts.map(({ part }) => part).join(', ')})`}`
}

/** Says what a part is on either side. Of a long text only from where they part. */
export function describePart({ part, wanted, found }: PartDifference): string {
  const start = wanted === null || found === null ? 0 : commonStart(wanted, found)
  return `${part}: ${shorten(wanted, start)} -> ${shorten(found, start)}`
}

function commonStart(one: string, other: string): number {
  let index = 0
  while (index < one.length && one[index] === other[index]) index += 1
  // The word in which they part shows whole, and a little of what is before it.
  return Math.max(one.length, other.length) <= MOST_SIGNS ? 0 : Math.max(0, index - MOST_SIGNS / 4)
}

function shorten(text: string | null, start: number): string {
  if (text === null) return '(none)'
  const line = text
    .slice(start, start + MOST_SIGNS)
    .replace(/\s+/g, ' ')
    .trim()
  return `${start > 0 ? '...' : ''}${line}${text.length > start + MOST_SIGNS ? '...' : ''}`
}
