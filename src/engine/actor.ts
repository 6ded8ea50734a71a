/** Who is at work: a setting of the transaction, which SQL function `core.actor()` reads. It goes before a statement in the
 *  same exchange, and ends with its transaction, so that nothing of it is left on the connection. */

import { ValidationError } from '../errors.js'
import { checkId } from './call-limits.js'
import { sessionSql } from './session-sql.js'
import type { Prefix } from './wire/prefix.js'

/** Who is at work. */
export interface ActorOptions {
  /** What `core.actor()` gives: 1 to 255 characters. */
  readonly actorId: string
}

/** An actor as the engine passes it on. */
export interface Actor {
  readonly id: string
  /** Goes before a statement outside of a transaction. */
  readonly prefix: readonly Prefix[]
}

/** What the calls of an executor carry beside their options, and no caller can give with those. */
export interface Acting {
  readonly actor?: Actor | undefined
}

/** Checks what `as` is given.
 *  @throws {ValidationError} when the id is not what it must be, or there are other options */
export function actorOf(options: ActorOptions): Actor {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ValidationError('as', [{ path: 'options', message: 'must be an object' }])
  }
  for (const path of Object.keys(options)) {
    if (path !== 'actorId') throw new ValidationError('as', [{ path, message: 'is no option of as; there is actorId' }])
  }
  const { actorId } = options
  checkId('as', 'actorId', actorId)
  return { id: actorId, prefix: [{ ...actorPrefix(actorId), isBrief: true }] }
}

/** Gives what sets the actor for the rest of a transaction. `id`: empty for none. */
function actorPrefix(id: string): Prefix {
  return { statement: sessionSql.actor, values: [id] }
}

/** Who is at work within one transaction, as the server knows it. */
export class ActorOfTransaction {
  /** Empty: nobody is named; null: not known. */
  #id: string | null = ''
  #wasSet = false

  /** A transaction begins, in which nobody is named. */
  begin(): void {
    this.#id = ''
    this.#wasSet = false
  }

  /** A savepoint is rolled back to, and with it what was set since. */
  forget(): void {
    if (this.#wasSet) this.#id = null
  }

  /** Gives what goes before a statement: what is given, and what sets its actor (null: none) where that is another than the
   *  statement before had. */
  before(prefix: readonly Prefix[], actor: Actor | null): readonly Prefix[] {
    const id = actor === null ? '' : actor.id
    if (id === this.#id) return prefix
    this.#id = id
    this.#wasSet = true
    return [...prefix, actorPrefix(id)]
  }
}
