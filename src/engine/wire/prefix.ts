/** What goes before a statement. These declarations reach every user: no type of pg is named here. */

import type { Statement } from '../statement.js'
import type { WireValue } from './message-writer.js'

/** A statement that goes before another one in the same exchange (BEGIN, a time limit); its rows are dropped. */
export interface Prefix {
  readonly statement: Statement
  readonly values: readonly WireValue[]
  /** Whether nothing behind the exchange counts on it. */
  readonly isBrief?: boolean
}

/** Tells whether later exchanges count on what goes before. */
export function isCountedOn(prefix: readonly Prefix[]): boolean {
  return prefix.some(({ isBrief }) => isBrief !== true)
}

export const NO_PREFIX: readonly Prefix[] = []
