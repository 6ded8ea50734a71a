/** Attributes of spans and metrics, by the semantic conventions 1.44 for databases. None holds SQL or a value. */

import type { Attributes } from '@opentelemetry/api'
import type { ServerTarget } from '../../config.js'
import { DataAccessError, QueryError, ScrubbedCause } from '../../errors.js'
import { leadingWord } from '../leading-word.js'

/** Queries whose attributes are kept. */
const MAX_KEPT = 500

/** Statements that are one operation, which their first word names. WITH may lead to several. */
const operations = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE', 'COPY', 'CALL', 'VALUES'] as const
const tests = operations.map((operation) => ({ operation, word: leadingWord(operation) }))

/** Two letters or digits that classes of errors begin with, which tell a SQLSTATE from names like EPIPE. */
const SQL_STATE = /^(?:\d[\dA-Z]|F0|HV|P0|XX)[\dA-Z]{3}$/

/** Attributes of calls; made once for each query, not for each call. */
export class CallAttributes {
  readonly #serverOf: () => ServerTarget
  #server: ServerTarget | null = null
  #ofServer: Attributes = {}
  readonly #kept = new Map<string, { readonly text: string | null; readonly attributes: Attributes }>()

  /** `serverOf` gives the server that calls go to now. */
  constructor(serverOf: () => ServerTarget) {
    this.#serverOf = serverOf
  }

  of(query: string, text: string | null): Attributes {
    const server = this.#serverOf()
    if (server !== this.#server) this.#turnTo(server)
    const kept = this.#kept.get(query)
    // A query's variants begin alike; raw texts share one name, and do not.
    if (kept !== undefined && kept.text === text) return kept.attributes
    const operation = text === null ? undefined : tests.find(({ word }) => word.test(text))?.operation
    const attributes: Attributes = { ...this.#ofServer, 'db.query.summary': query }
    if (operation !== undefined) attributes['db.operation.name'] = operation
    if (kept !== undefined || this.#kept.size < MAX_KEPT) this.#kept.set(query, { text, attributes })
    return attributes
  }

  #turnTo(server: ServerTarget): void {
    this.#server = server
    this.#kept.clear()
    this.#ofServer = {
      'db.system.name': 'postgresql',
      'db.namespace': server.database,
      'server.address': server.host,
      'server.port': server.port,
    }
  }
}

/** Gives what there is to say of a failure. `error.type`: the SQLSTATE of a refused query, else the error's class. */
export function failureAttributes(error: unknown): Attributes {
  const sqlState = sqlStateOf(error)
  if (sqlState === null) return { 'error.type': classOf(error) }
  const type = error instanceof QueryError ? sqlState : classOf(error)
  return { 'error.type': type, 'db.response.status_code': sqlState }
}

function sqlStateOf(error: unknown): string | null {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    const code = at instanceof QueryError ? at.sqlState : at instanceof ScrubbedCause ? at.code : null
    if (code !== null && SQL_STATE.test(code)) return code
  }
  return null
}

/** What a transaction's own work has thrown may say anything of itself in `name`. */
function classOf(error: unknown): string {
  if (error instanceof DataAccessError) return error.name
  return error instanceof Error ? error.constructor.name : '_OTHER'
}
