/** Prepares every variant of a query on the migrated server and collects the parameters' types. */

import { type Client, DatabaseError } from 'pg'
import { rowShape } from '../engine/row-shape.js'
import { type Description, describe } from './describe.js'
import type { Problem } from './problem.js'
import { lineAt, problemAt, type SourceQuery } from './source-query.js'
import { type Variant, variantsOf } from './variants.js'

/** What preparing a query yielded. */
export interface PreparedVariants {
  /** The whole text first. */
  readonly variants: readonly Variant[]
  /** The oid of each parameter's type. */
  readonly parameterTypes: ReadonlyMap<string, number>
  /** What the server says of the whole text; null when it refuses it. */
  readonly whole: Description | null
  readonly problems: readonly Problem[]
}

/** Connection, resources, locks, operator, system, rights of the role: says nothing of the statement. */
const NOT_OF_STATEMENT = /^(08|53|55P03|57|58|XX|42501)/

/** Prepares variants of a query, all unless told which. A mistake that several variants share is told once. */
export async function prepareVariants(
  client: Client,
  source: SourceQuery,
  variants: readonly Variant[] = variantsOf(source),
): Promise<PreparedVariants> {
  const parameterTypes = new Map<string, number>()
  const problems = new Map<string, Problem>()
  let whole: Description | null = null
  const add = (problem: Problem, given: string | null): void => {
    const key = `${problem.line} ${problem.message}`
    if (!problems.has(key)) problems.set(key, { ...problem, message: problem.message + condition(given) })
  }
  for (const variant of variants) {
    try {
      const description = await describe(client, variant.statement.text)
      if (variant.given === null) whole = description
      for (const problem of checkDescription(source, variant, description, parameterTypes)) add(problem, variant.given)
    } catch (error) {
      if (!(error instanceof DatabaseError) || NOT_OF_STATEMENT.test(error.code ?? '')) throw error
      add(refusal(source, variant, error), variant.given)
    }
  }
  return {
    variants,
    parameterTypes,
    whole,
    problems: [...problems.values()],
  }
}

function condition(given: string | null): string {
  if (given === null) return ''
  return given === '' ? ' (when no optional line is sent)' : ` (when only this is given: ${given})`
}

/** The server counts characters of the text, whose lines are lines of the file. */
function refusal(source: SourceQuery, { statement, lines }: Variant, error: DatabaseError): Problem {
  const before = [...statement.text].slice(0, Math.max(Number(error.position ?? 1) - 1, 0))
  const line = error.position === undefined ? source.line : lines[before.filter((char) => char === '\n').length]
  const hint = error.hint === undefined ? '' : ` (${error.hint})`
  return { file: source.file, line: line ?? source.line, message: `${source.name}: ${error.message}${hint}` }
}

function* checkDescription(
  source: SourceQuery,
  { statement, given }: Variant,
  { parameterTypes, columns }: Description,
  known: Map<string, number>,
): Iterable<Problem> {
  if (parameterTypes.length !== statement.bindings.length) {
    yield problemAt(source, 0, `a parameter stands where the server does not see it, such as in a quoted name ("a:b")`)
    return
  }
  for (const [index, { parameter }] of statement.bindings.entries()) {
    const type = parameterTypes[index] as number
    if ((known.get(parameter) ?? type) !== type) yield differingTypes(source, parameter)
    if (!known.has(parameter)) known.set(parameter, type)
  }
  // The columns are the same in all variants, or the server's message says why not.
  if (given === null) yield* checkColumns(source, columns)
}

function differingTypes(source: SourceQuery, parameter: string): Problem {
  const offset = source.ir.params.find(({ name }) => name === parameter)?.locs[0]?.a ?? 0
  const message = `:${parameter} has another type than in the whole statement; write a cast, such as :${parameter}::text`
  return { file: source.file, line: lineAt(source, offset), message: `${source.name}: ${message}` }
}

function* checkColumns(source: SourceQuery, columns: Description['columns']): Iterable<Problem> {
  if (columns.some(({ name }) => name === '?column?'))
    yield problemAt(source, 0, 'a column has no name; give it an alias')
  try {
    rowShape(columns)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    yield problemAt(source, 0, error.message)
  }
}
