/** What a failed run is told as. */

import { DatabaseError, escapeIdentifier } from 'pg'
import { mapError } from '../engine/map-error.js'
import { type DataAccessError, MigrationError, QueryError, ScrubbedCause } from '../errors.js'
import type { MigrationStep } from './options.js'
import { placeOf } from './problem.js'
import type { Move } from './selection.js'
import type { Statement } from './statements.js'
import { entryOf } from './transaction-rules.js'

/** What a step leaves behind that fails. */
export interface LeftOfStep {
  /** How many of its statements are done. */
  readonly done: number
  /** The name of the index that the failed one left invalid. */
  readonly invalidIndex: string | null
}

/** A statement that failed: of a migration, or of the runner itself. */
export class StatementFailure extends Error {
  /** The server's or the network's. */
  readonly error: unknown
  readonly move: Move | null
  readonly statement: Statement | null
  readonly isCommit: boolean
  /** What of a step stays; null for a file. */
  readonly leftOfStep: LeftOfStep | null

  constructor(
    error: unknown,
    place: { move?: Move; statement?: Statement; isCommit?: boolean; leftOfStep?: LeftOfStep } = {},
  ) {
    super('a statement failed')
    this.error = error
    this.move = place.move ?? null
    this.statement = place.statement ?? null
    this.isCommit = place.isCommit === true
    this.leftOfStep = place.leftOfStep ?? null
  }

  get sqlState(): string | undefined {
    return this.error instanceof DatabaseError ? this.error.code : undefined
  }
}

/** Maps a failure to a public error. `kept`: what of the run stays applied or reverted. */
export function runFailed(
  { error, move, statement, isCommit, leftOfStep }: StatementFailure,
  kept: readonly MigrationStep[],
): DataAccessError {
  const line = lineOf(error, statement)
  const query = move === null ? 'migrate' : `${placeOf({ file: move.file.file, line })} (${move.direction})`
  const mapped = mapError(error, { query, isOutcomeAtStake: isCommit })
  if (!(error instanceof DatabaseError) || !(mapped instanceof QueryError)) return mapped
  const { message, code, routine } = error
  const cause = new ScrubbedCause({ name: error.name, message, code, routine })
  const at = isCommit ? `${query}: at COMMIT: ` : `${query}: `
  const end = `${adviceOn(code, move, statement)}; ${whatIsLeft({ move, leftOfStep }, kept)}`
  return new MigrationError(`${at}${message}${end}`, {
    ...(move === null ? {} : { file: move.file.file }),
    line,
    cause,
  })
}

/** Where the server points to, or where its statement begins. */
function lineOf(error: unknown, statement: Statement | null): number | null {
  if (statement === null || statement.line === null) return null
  const position = error instanceof DatabaseError ? Number(error.position ?? 0) : 0
  const before = [...statement.sql].slice(0, Math.max(0, position - 1)).join('')
  return statement.line + before.split('\n').length - 1
}

function adviceOn(code: string | undefined, move: Move | null, statement: Statement | null): string {
  if (code === '23505' && statement !== null) return duplicatesOf(statement)
  if (code === '42P07' && move?.file.form === 'step') {
    return ' (by an earlier attempt? Drop it if so, and write DROP INDEX CONCURRENTLY IF EXISTS before it, so that the step can be run again)'
  }
  if (code === '55P04') return ' (write ALTER TYPE ... ADD VALUE in a step of its own, NNNN_name.mjs, which commits it)'
  if (code === '42501') return ' (migrate as the role that owns what the migrations made)'
  return ''
}

/** Tells what a failed run leaves behind. */
export function whatIsLeft(
  { move, leftOfStep }: Pick<StatementFailure, 'move' | 'leftOfStep'>,
  kept: readonly MigrationStep[],
): string {
  const done = leftOfStep?.done ?? 0
  const index = leftOfStep?.invalidIndex ?? null
  const names = [
    ...kept.map(({ name }) => name),
    ...(done === 0 ? [] : [`${done === 1 ? 'the first statement' : `the first ${done} statements`} of this step`]),
    ...(index === null ? [] : [`the index ${index}, which is invalid, and which the next run drops`]),
  ]
  const left = names.length === 0 ? 'nothing of this run was kept' : `kept of this run: ${names.join(', ')}`
  if (move === null || move.file.form === 'sql') return left
  return `${left}; a step runs outside a transaction, and the next run begins with it again`
}

/** Says which rows an index that is to be unique cannot hold. */
function duplicatesOf({ node }: Statement): string {
  const [kind, fields] = entryOf(node)
  if (kind !== 'IndexStmt') return ''
  type Element = { readonly IndexElem?: { readonly name?: string } }
  const columns = ((fields.indexParams ?? []) as readonly Element[]).map(({ IndexElem }) => IndexElem?.name)
  const { schemaname, relname } = (fields.relation ?? {}) as { readonly schemaname?: string; readonly relname?: string }
  const isPlain = columns.every((column) => column !== undefined) && fields.whereClause === undefined
  if (!isPlain || fields.nulls_not_distinct === true || relname === undefined) {
    return ' (rows are equal in what it indexes: find and mend them first)'
  }
  const list = columns.map((column) => escapeIdentifier(String(column))).join(', ')
  const table = [schemaname, relname].flatMap((name) => (name === undefined ? [] : [escapeIdentifier(name)])).join('.')
  return ` (rows are equal: mend what \`SELECT ${list}, count(*) FROM ${table} WHERE (${list}) IS NOT NULL GROUP BY ${list} HAVING count(*) > 1\` finds)`
}
