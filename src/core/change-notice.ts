/** What a tracked table announces, on the channel that is named like it. */

import { parse } from '../engine/validation.js'
import { input } from './change-input.js'

/** Rows of a table that one statement changed. One that changed many is announced in up to four parts of 190; beyond that
 *  once, without ids. What a transaction did to the same rows several times may be announced once. */
export interface ChangeNotice {
  /** With its schema: `registry.service`. */
  readonly table: string
  readonly action: 'insert' | 'update' | 'delete' | 'truncate'
  /** How many rows this notice tells of; null: all (truncate). */
  readonly count: number | null
  /** Their primary keys, in no order; null: too many, or all. What is held of the table is to be read anew. */
  readonly ids: readonly string[] | null
}

/** The channel of a tracked table (`registry.service`), and how its payloads are read. Nothing tells whether it is tracked: a
 *  channel is no more than a name. @throws {ValidationError} when the table is not named with its schema */
export function changesOf(table: string) {
  return {
    name: parse(input.channel, { table }, 'changesOf').table,
    /** Reads a payload. @throws {ValidationError} when it is none of core.announce_changes */
    parse: (text: string): ChangeNotice => parse(input.notice, fromJson(text), table),
  }
}

/** What is no JSON is no notice either: anybody may notify any channel. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
