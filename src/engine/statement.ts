/** Statements: a query is compiled once for each set of optional lines in use; per call only values are gathered. */

import { createHash } from 'node:crypto'
import { QueryError, ValidationError } from '../errors.js'
import { type Binding, bind, MAX_VALUES, type Params } from './binding.js'
import { isStorableText, UNSTORABLE_TEXT } from './codec.js'
import {
  type Condition,
  choicesOf,
  holds,
  isMarkedSlow,
  MarkError,
  parseLines,
  type StatementLine,
} from './optional-lines.js'
import type { Query } from './query.js'
import type { RowShape } from './row-shape.js'

/** A statement as it is sent: one variant of a query, or raw text. */
export interface Statement {
  /** The query's name, for errors. */
  readonly query: string
  readonly text: string
  /** The name it is prepared under (at most 63 bytes), or null to send it unnamed. */
  readonly preparedName: string | null
  readonly isRead: boolean
  readonly bindings: readonly Binding[]
  /** Whether it takes so long that it must not be sent where others stand behind it. */
  readonly isSlow: boolean
  /** Whether it may leave the session changed: a setting, a lock, a listener. */
  readonly mayDirty: boolean
  /** The shape that its rows had last, shared by all connections. */
  readonly shapes: { last: RowShape | null }
  /** Until when (`performance.now()`) it counts as uneven: one of its runs has held up a lane. */
  readonly pace: { unevenUntil: number }
}

interface CompiledQuery {
  readonly lines: readonly StatementLine[]
  /** The distinct sets of conditions; a call is one variant for each combination of them that holds. */
  readonly marks: readonly (readonly Condition[])[]
  readonly choices: ReadonlyMap<string, readonly string[]>
  readonly variants: Map<number, Statement>
}

/** 2^53 is where a number stops counting exactly: one bit for each distinct mark. */
const MAX_MARKS = 53
/** Prepared variants of one query. Filters that callers combine freely could fill the server's memory (2,048 variants of
 *  a list took 46 MB on one connection): what comes later is compiled for each call and sent unprepared. */
const MAX_PREPARED_VARIANTS = 64
/** PostgreSQL cuts identifiers, statement names among them, at 63 bytes: names that agree so far would collide. */
const MAX_NAME_BYTES = 63

/** Calls that change the session beyond their transaction, which no command tag tells. */
const SESSION_CHANGE = /\b(set_config|pg_(try_)?advisory_lock(_shared)?|setseed|temp|temporary|with\s+hold)\b/i

const compiled = new WeakMap<Query<unknown, unknown>, CompiledQuery>()

/** Gives the statement that a query is with these parameters. Compiles it at its first use.
 *  @throws {ValidationError} when a choice parameter has a value that no line knows
 *  @throws {QueryError} when the query's marks or parameters cannot be understood */
export function statementFor(query: Query<unknown, unknown>, params: Params): Statement {
  let entry = compiled.get(query)
  if (entry === undefined) {
    entry = compile(query)
    compiled.set(query, entry)
  }
  for (const [parameter, values] of entry.choices) {
    const value = params[parameter]
    if (value !== undefined && !values.includes(value as string)) {
      throw new ValidationError(query.name, [{ path: parameter, message: `must be one of ${values.join(', ')}` }])
    }
  }
  let key = 0
  for (const conditions of entry.marks) key = key * 2 + (holds(conditions, params) ? 1 : 0)
  const known = entry.variants.get(key)
  if (known !== undefined) return known
  const statement = render(query, linesThatHold(entry.lines, params))
  if (entry.variants.size >= MAX_PREPARED_VARIANTS) return { ...statement, preparedName: null }
  entry.variants.set(key, statement)
  return statement
}

/** Gives the text of a query with all its lines on: what pgtyped compiled.
 *  @throws {QueryError} when the query's marks or parameters cannot be understood */
export function wholeStatement(query: Query<unknown, unknown>): Statement {
  return render(query, compile(query).lines)
}

/** Wraps raw text. It is sent unnamed: prepared statements of ever new texts would pile up on the server.
 *  @throws {ValidationError} when it is no text, or one that cannot be sent whole */
export function rawStatement(text: string): Statement {
  if (typeof text !== 'string') throw new ValidationError('query', [{ path: 'text', message: 'must be a string' }])
  if (!isStorableText(text)) throw new ValidationError('query', [{ path: 'text', message: UNSTORABLE_TEXT }])
  return {
    query: 'query',
    text,
    preparedName: null,
    isRead: false,
    isSlow: false,
    mayDirty: SESSION_CHANGE.test(text),
    bindings: [],
    shapes: { last: null },
    pace: { unevenUntil: 0 },
  }
}

function compile(query: Query<unknown, unknown>): CompiledQuery {
  const spread = query.ir.params.find((param) => param.transform.type !== 'scalar')
  if (spread !== undefined) {
    throw refuse(query, `parameter ${spread.name} is expanded per call; write = ANY(:${spread.name}) or unnest instead`)
  }
  const lines = linesOf(query)
  const choices = choicesOf(lines)
  const marks = distinctMarks(lines)
  if (marks.length > MAX_MARKS) throw refuse(query, `has ${marks.length} different marks; at most ${MAX_MARKS} work`)
  return { lines, marks, choices, variants: new Map() }
}

function linesOf(query: Query<unknown, unknown>): readonly StatementLine[] {
  try {
    return parseLines(query.ir.statement)
  } catch (error) {
    if (error instanceof MarkError) throw refuse(query, `line ${error.line} of the statement: ${error.message}`)
    throw error
  }
}

function refuse(query: Query<unknown, unknown>, message: string): QueryError {
  return new QueryError(message, { query: query.name, sqlState: null })
}

function distinctMarks(lines: readonly StatementLine[]): readonly (readonly Condition[])[] {
  const byText = new Map(lines.map(({ conditions }) => [JSON.stringify(conditions), conditions]))
  return [...byText.values()].filter((conditions) => conditions.length > 0)
}

function linesThatHold(lines: readonly StatementLine[], params: Params): readonly StatementLine[] {
  return lines.filter(({ conditions }) => holds(conditions, params))
}

function render(query: Query<unknown, unknown>, lines: readonly StatementLine[]): Statement {
  const { statement, params } = query.ir
  const numbers = new Map<string, number>()
  const bindings: Binding[] = []
  const places = params
    .flatMap(({ name, required, locs }) => locs.map(({ a, b }) => ({ name, required, start: a, end: b + 1 })))
    .sort((left, right) => left.start - right.start)
  const texts = lines.map(({ start, end, conditions }) => {
    let text = ''
    let from = start
    for (const place of places) {
      if (place.start < start || place.end > end) continue
      let number = numbers.get(place.name)
      if (number === undefined) {
        number = bindings.push(bind(query, place, conditions.length > 0))
        numbers.set(place.name, number)
      }
      text += `${statement.slice(from, place.start)}$${number}`
      from = place.end
    }
    return text + statement.slice(from, end)
  })
  if (bindings.length > MAX_VALUES) {
    throw refuse(query, `has ${bindings.length} parameters; at most ${MAX_VALUES} work, so send arrays instead`)
  }
  // The name leads the text, so that pg_stat_activity and the server's log tell whose statement it is.
  const text = `/* ${label(query.name)} */ ${texts.join('\n')}`
  return {
    query: query.name,
    text,
    preparedName: preparedName(query, text),
    isRead: query.isRead,
    isSlow: isMarkedSlow(statement),
    mayDirty: SESSION_CHANGE.test(statement),
    bindings,
    shapes: { last: null },
    pace: { unevenUntil: 0 },
  }
}

function preparedName({ name, parameterTypes }: Query<unknown, unknown>, text: string): string {
  const hash = createHash('sha256').update(text).update(JSON.stringify(parameterTypes)).digest('hex').slice(0, 16)
  return `${label(name).slice(0, MAX_NAME_BYTES - 17)}_${hash}`
}

/** A query's name as it may stand in a comment or identifier: one byte a character, nothing that could end either. */
function label(name: string): string {
  return name.replace(/\W/g, '_')
}
