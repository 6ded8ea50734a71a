/** The variants of a query that are prepared: enough to meet each optional line alone and beside each other one. */

import { type Condition, choicesOf, holds, parseLines } from '../engine/optional-lines.js'
import { type Statement, statementFor, wholeStatement } from '../engine/statement.js'
import { conditionText } from './marks.js'
import { lineAt, type SourceQuery } from './source-query.js'

/** One text of a query. */
export interface Variant {
  readonly statement: Statement
  /** The marks' words that hold (`owner, order=newest`), or null for the whole text, all lines at once. */
  readonly given: string | null
  /** The file's line of each line of the text. */
  readonly lines: readonly number[]
}

type Given = Readonly<Record<string, string>>

/** Stands for a value; what it is does not matter, only that it is there. */
const SOME_VALUE = 'given'

/** Gives the whole text first, then: no optional line, each mark alone, each two marks that can hold together. Texts
 *  that are the same come once. */
export function variantsOf(source: SourceQuery): readonly Variant[] {
  const statementLines = parseLines(source.ir.statement)
  const linesWith = (given: Given | null): readonly number[] =>
    statementLines
      .filter(({ conditions }) => given === null || holds(conditions, given))
      .flatMap(({ start, end }) => {
        const texts = source.ir.statement.slice(start, end).split('\n')
        return texts.map((_, index) => lineAt(source, start) + index)
      })
  const variants = new Map<string, Variant>()
  const add = (statement: Statement, given: Given | null): void => {
    if (variants.has(statement.text)) return
    variants.set(statement.text, { statement, given: given && describe(given), lines: linesWith(given) })
  }
  add(wholeStatement(source.query), null)
  for (const given of combinations(source)) add(statementFor(source.query, given), given)
  return [...variants.values()]
}

function describe(given: Given): string {
  return Object.entries(given)
    .map(([parameter, value]) => conditionText({ parameter, choice: value === SOME_VALUE ? null : value }))
    .join(', ')
}

function combinations(source: SourceQuery): readonly Given[] {
  const lines = parseLines(source.ir.statement)
  const choices = choicesOf(lines)
  const marks = new Map<string, Given>()
  for (const { conditions } of lines) {
    for (const given of waysToHold(conditions, choices)) marks.set(JSON.stringify(given), given)
  }
  const alone = [...marks.values()]
  const pairs = alone.flatMap((one, index) =>
    alone.slice(index + 1).flatMap((other) => (areCompatible(one, other) ? [{ ...one, ...other }] : [])),
  )
  return [{}, ...alone, ...pairs]
}

/** A plain name of a choice (`@if order`) holds with each of its values. */
function waysToHold(
  conditions: readonly Condition[],
  choices: ReadonlyMap<string, readonly string[]>,
): readonly Given[] {
  let ways: readonly Given[] = [{}]
  for (const { parameter, choice } of conditions) {
    const values = choice === null ? (choices.get(parameter) ?? [SOME_VALUE]) : [choice]
    ways = ways.flatMap((way) =>
      values
        .filter((value) => areCompatible(way, { [parameter]: value }))
        .map((value) => ({ ...way, [parameter]: value })),
    )
  }
  return ways
}

function areCompatible(one: Given, other: Given): boolean {
  return Object.entries(other).every(([parameter, value]) => (one[parameter] ?? value) === value)
}
