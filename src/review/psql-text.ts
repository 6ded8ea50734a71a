/** Queries as text for psql: the lines that a call would send, values in place of parameters, comments kept. */

import { gather, type Params } from '../engine/binding.js'
import { holds, parseLines } from '../engine/optional-lines.js'
import { Query } from '../engine/query.js'
import { statementFor } from '../engine/statement.js'
import type { WireValue } from '../engine/wire/message-writer.js'
import type { ManifestQuery } from '../generate/manifest-file.js'
import { literal } from './literal.js'

const COMMENT = /^\s*--/
const SLOW_MARK = /\s*--\s*@slow\s*$/

/** Gives the names of the parameters that stand in the variant that these parameters make of a query, and whether
 *  each may be left out.
 *  @throws {ValidationError} when a choice has a value that no line knows */
export function placesOf(query: ManifestQuery, params: Params): ReadonlyMap<string, { readonly mayBeAbsent: boolean }> {
  const { bindings } = statementFor(engineQuery(query), params)
  return new Map(bindings.map((binding) => [binding.parameter, binding]))
}

/** Gives the variant of a query that the engine would send with these parameters as a statement that says the same
 *  without them, ended by `;`. It needs no server.
 *  @throws {ValidationError} when a parameter is missing, its type cannot hold the value, or a choice does not know it */
export function psqlText(query: ManifestQuery, params: Params): string {
  const { bindings } = statementFor(engineQuery(query), params)
  const sent = gather({ query: query.name, bindings }, params)
  const values = new Map(bindings.map(({ parameter }, index) => [parameter, sent[index] as WireValue]))
  const { statement } = query.ir
  const parts = [`-- ${query.name}, ${query.file}`]
  let at = 0
  for (const { start, end, conditions } of parseLines(statement)) {
    parts.push(...commentsIn(statement.slice(at, start)))
    if (holds(conditions, params)) parts.push(withValues(query, start, end, values).replace(SLOW_MARK, ''))
    // What follows in the line is a mark.
    const lineEnd = statement.indexOf('\n', end)
    at = lineEnd === -1 ? statement.length : lineEnd + 1
  }
  const text = parts.join('\n').trimEnd()
  // Behind a comment it would be a part of that.
  const hasComment = text.slice(text.lastIndexOf('\n') + 1).includes('--')
  return `${text}${hasComment ? '\n' : ''};`
}

function engineQuery({ name, ir, parameterTypes }: ManifestQuery): Query<unknown, unknown> {
  return new Query(name, ir, { parameterTypes })
}

function commentsIn(text: string): readonly string[] {
  return text.split('\n').filter((line) => COMMENT.test(line) && !SLOW_MARK.test(line))
}

function withValues(
  { ir: { statement, params }, parameterTypes }: ManifestQuery,
  start: number,
  end: number,
  values: ReadonlyMap<string, WireValue>,
): string {
  const places = params
    .flatMap(({ name, locs }) => locs.map(({ a, b }) => ({ name, a, b })))
    .filter(({ a, b }) => a >= start && b < end)
    .sort((left, right) => left.a - right.a)
  let text = ''
  let from = start
  for (const { name, a, b } of places) {
    text += statement.slice(from, a)
    const value = literal(values.get(name) ?? null, parameterTypes[name])
    // Behind a cast, a subscript would be one of the type.
    text += /[[.]/.test(statement[b + 1] ?? '') ? `(${value})` : value
    from = b + 1
  }
  return text + statement.slice(from, end)
}
