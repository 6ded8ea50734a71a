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
  /** How many marks were combined: 0 without optional lines, 1 for a mark alone, 2 for a pair; null for a whole
   *  text that is none of these. */
  readonly marks: 0 | 1 | 2 | null
  /** The file's line of each line of the text. */
  readonly lines: readonly number[]
}

type Given = Readonly<Record<string, string>>

/** Stands for a value; what it is does not matter, only that it is there. */
const SOME_VALUE = 'given'

/** Gives the whole text first, then: no optional line, each mark alone, each two marks that can hold together. Texts
 *  that are the same come once. */
export function variantsOf(source: SourceQuery): readonly Variant[] {
  const statementLines = parseLines(source.ir.statement).map(({ start, end, conditions }) => {
    const texts = source.ir.statement.slice(start, end).split('\n')
    const first = lineAt(source, start)
    return { conditions, numbers: texts.map((_, index) => first + index) }
  })
  const linesWith = (given: Given | null): readonly number[] =>
    statementLines
      .filter(({ conditions }) => given === null || holds(conditions, given))
      .flatMap(({ numbers }) => numbers)
  const variants = new Map<string, Variant>()
  const add = (statement: Statement, given: Given | null, marks: Variant['marks']): void => {
    const known = variants.get(statement.text)
    if (known !== undefined) {
      // The whole text is a smaller variant, too, where there are no lines to leave out.
      if (known.marks === null) variants.set(statement.text, { ...known, marks })
      return
    }
    variants.set(statement.text, { statement, given: given && describe(given), marks, lines: linesWith(given) })
  }
  add(wholeStatement(source.query), null, null)
  for (const { given, marks } of combinations(source)) add(statementFor(source.query, given), given, marks)
  return [...variants.values()]
}

function describe(given: Given): string {
  return Object.entries(given)
    .map(([parameter, value]) => conditionText({ parameter, choice: value === SOME_VALUE ? null : value }))
    .join(', ')
}

function combinations(source: SourceQuery): readonly { readonly given: Given; readonly marks: 0 | 1 | 2 }[] {
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
  return [
    { given: {}, marks: 0 },
    ...alone.map((given) => ({ given, marks: 1 as const })),
    ...pairs.map((given) => ({ given, marks: 2 as const })),
  ]
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
