/** Checks of optional lines that need no server. */

import { type Condition, choicesOf, MarkError, parseLines, type StatementLine } from '../engine/optional-lines.js'
import type { Problem } from './problem.js'
import { problemAt, type SourceQuery } from './source-query.js'

/** The engine keeps one bit of a number for each distinct mark. */
const MAX_MARKS = 53

/** Finds marks that cannot be understood or cannot be meant, and parameters that the engine would refuse.
 *
 *  A parameter in an optional line must be known to be given when the line is sent. So the line's mark names it; or the
 *  mark names another parameter of the line, with which it rides along (`(name, id) > (:cursorName, :cursorId)
 *  -- @if cursorName`); or it is required (`:limit!`) outside of optional lines. */
export function checkMarks(query: SourceQuery): readonly Problem[] {
  const spread = query.ir.params.filter(({ transform }) => transform.type !== 'scalar')
  if (spread.length > 0) {
    return spread.map(({ name }) =>
      problemAt(query, 0, `${name} is expanded for each call; write = ANY(:${name}) or unnest(:${name}) instead`),
    )
  }
  let lines: readonly StatementLine[]
  try {
    lines = parseLines(query.ir.statement)
  } catch (error) {
    if (!(error instanceof MarkError)) throw error
    return [{ file: query.file, line: query.line + error.line - 1, message: `${query.name}: ${error.message}` }]
  }
  return [
    ...tooManyMarks(query, lines),
    ...lines.filter(({ conditions }) => conditions.length > 0).flatMap((line) => checkLine(query, line, lines)),
  ]
}

function tooManyMarks(query: SourceQuery, lines: readonly StatementLine[]): readonly Problem[] {
  const marks = new Set(lines.filter(({ conditions }) => conditions.length > 0).map(textOf))
  if (marks.size <= MAX_MARKS) return []
  return [problemAt(query, 0, `has ${marks.size} different marks; at most ${MAX_MARKS} work`)]
}

function textOf({ conditions }: StatementLine): string {
  return JSON.stringify(conditions)
}

function checkLine(query: SourceQuery, line: StatementLine, lines: readonly StatementLine[]): readonly Problem[] {
  const { params } = query.ir
  const choices = choicesOf(lines)
  const messages: string[] = []
  for (const { parameter, choice } of line.conditions) {
    const bound = params.find(({ name }) => name === parameter)
    if (bound === undefined && !choices.has(parameter)) {
      messages.push(`@if ${parameter}: the query has no parameter and no choice of that name`)
    } else if (bound !== undefined && choice !== null) {
      messages.push(
        `${parameter} is a choice (${parameter}=${choice}) and also a parameter (:${parameter}); rename one`,
      )
    } else if (bound?.required) {
      messages.push(
        `@if ${parameter}: :${parameter}! is required, so the line would always be sent; leave out the \`!\``,
      )
    }
  }
  messages.push(...strayParameters(query, line, lines))
  return messages.map((message) => problemAt(query, line.start, message))
}

function strayParameters(query: SourceQuery, line: StatementLine, lines: readonly StatementLine[]): readonly string[] {
  const { statement, params } = query.ir
  const named = line.conditions.filter(({ choice }) => choice === null).map(({ parameter }) => parameter)
  const here = params.filter((param) => param.locs.some((loc) => isIn(line, loc)))
  const hasLead = here.some(({ name }) => named.includes(name))
  const messages: string[] = []
  for (const { name, required, locs } of here) {
    if (named.includes(name)) continue
    const always = locs.some((loc) => lines.some((other) => other.conditions.length === 0 && isIn(other, loc)))
    if (locs.some((loc) => isIn(line, loc) && statement[loc.b] === '!')) {
      messages.push(`:${name}! is required, but stands in a line that is not always sent; leave out the \`!\``)
    } else if (!hasLead && !(required && always)) {
      messages.push(`:${name} may be missing when the line is sent: name it in the mark (@if ${markWith(line, name)})`)
    }
  }
  return messages
}

function isIn({ start, end }: StatementLine, { a, b }: { readonly a: number; readonly b: number }): boolean {
  return a >= start && b < end
}

function markWith({ conditions }: StatementLine, name: string): string {
  return [...conditions, { parameter: name, choice: null }].map(conditionText).join(' & ')
}

/** Writes a condition as a mark has it. */
export function conditionText({ parameter, choice }: Condition): string {
  return choice === null ? parameter : `${parameter}=${choice}`
}
