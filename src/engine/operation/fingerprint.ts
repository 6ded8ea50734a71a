/** Fingerprints of calls: two that share an operation id must be the same call. */

import { createHash } from 'node:crypto'
import type { WireValue } from '../wire/message-writer.js'

/** What makes a call that call. */
export interface Call {
  readonly kind: 'statement' | 'load' | 'transaction'
  /** The query's name. */
  readonly query: string
  readonly text: string
  readonly values: readonly WireValue[]
}

/** Gives the SHA-256 of a call. Each part goes in with its length, so that no two calls run together into one. */
export function fingerprintOf({ kind, query, text, values }: Call): Buffer {
  const hash = createHash('sha256')
  const add = (part: WireValue): void => {
    if (part === null) hash.update('-')
    else hash.update(`${typeof part === 'string' ? 't' : 'b'}${Buffer.byteLength(part)}:`).update(part)
  }
  for (const part of [kind, query, text, ...values]) add(part)
  return hash.digest()
}
