/** Marked secrets: a password and values that must turn up nowhere outside of the database. */

import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'

const MARK = 'canary-'
/** Hits that are kept; one is enough to break the run. */
const MAX_HITS = 20

export const CANARY_PASSWORD = `${MARK}password-${randomBytes(9).toString('hex')}`

/** Gives a parameter value that would be recognized. */
export function canaryValue(id: string): string {
  return `${MARK}value-${id}`
}

/** Searches what the engine hands out for what it must not hold. */
export class CanaryWatch {
  /** How many things of each kind were searched. */
  readonly searched: Record<string, number> = {}
  /** Where a mark was found; never what was found. */
  readonly hits: string[] = []

  /** Searches a thing in all its printed forms, and its causes. */
  search(kind: string, thing: unknown): void {
    this.searched[kind] = (this.searched[kind] ?? 0) + 1
    for (const [form, text] of formsOf(thing)) {
      if (!text.includes(MARK)) continue
      const name = thing instanceof Error ? thing.name : typeof thing
      if (this.hits.length < MAX_HITS) this.hits.push(`${kind} ${name}, its ${form}`)
    }
  }
}

function* formsOf(thing: unknown): Generator<readonly [string, string]> {
  yield ['inspect', inspect(thing, { depth: Infinity, showHidden: true, maxArrayLength: null, maxStringLength: null })]
  yield ['JSON', JSON.stringify(thing) ?? '']
  yield ['text', String(thing)]
  let error = thing
  for (let depth = 0; error instanceof Error && depth < 10; depth += 1) {
    yield [`message at depth ${depth}`, error.message]
    yield [`stack at depth ${depth}`, error.stack ?? '']
    error = error.cause
  }
}
