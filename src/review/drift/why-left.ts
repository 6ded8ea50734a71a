/** Differences for which there is no statement that a draft may have. */

import type { Difference } from '../catalogue/compare-catalogues.js'
import { COLUMN_ORDER } from '../catalogue/object.js'

const ENUM = 'a value cannot be taken from an enum, nor moved in it; others may use the type'

/** Says why a draft leaves a difference; null when it need not. */
export function whyLeft({ kind, parts, wanted, found }: Difference): string | null {
  const isPart = (name: string): boolean => parts.some(({ part }) => part === name)
  if (isPart(COLUMN_ORDER)) return 'no statement changes the order of columns'
  if (kind === 'enum' && isPart('values')) return ENUM
  if (kind === 'constraint' && isPart('enforced')) {
    return 'triggers that check it are disabled, so rows may break it: ENABLE TRIGGER ALL there, and check the rows'
  }
  if (isPart('index valid') || isPart('valid') || (kind === 'index' && (wanted ?? found)?.parts.valid === 'no')) {
    return 'what is left of a build that failed: drop it there, or REINDEX INDEX CONCURRENTLY'
  }
  return null
}

/** Tells whether @pgkit/migra may know a way where there is no plain one: it takes values from some enums. */
export function mayBeMade(difference: Difference): boolean {
  return [null, ENUM].includes(whyLeft(difference))
}
