/** Queries as they stand in a `.sql` file, each of its lines known by its number there. */

import { Query, type QueryIR } from '../engine/query.js'
import type { Problem } from './problem.js'
import type { SqlFile } from './project.js'
import type { ParsedQuery, QueryParser } from './tools.js'

/** One query of a `.sql` file. */
export interface SourceQuery {
  readonly file: string
  /** As `@name` has it. */
  readonly name: string
  /** The file's line on which the statement begins. */
  readonly line: number
  /** What the statement is made of, as the engine reads it. */
  readonly ir: QueryIR
  readonly query: Query<unknown, unknown>
}

/** Gives the file's line of an offset into a query's statement. */
export function lineAt({ line, ir }: SourceQuery, offset: number): number {
  return line + ir.statement.slice(0, offset).split('\n').length - 1
}

/** Gives the place of a problem with a query: the line of an offset into its statement. */
export function problemAt(query: SourceQuery, offset: number, message: string): Problem {
  return { file: query.file, line: lineAt(query, offset), message: `${query.name}: ${message}` }
}

const NAME_TAG = /\/\*[\s*]*@name\s+(\w+)/g

/** Reads the queries of a file. With problems, the queries are not to be relied on. */
export function readQueries(
  { file, text }: SqlFile,
  parser: QueryParser,
): { readonly queries: readonly SourceQuery[]; readonly problems: readonly Problem[] } {
  const { queries, events } = parser.parseSQLFile(text)
  const problems: Problem[] = events.map(({ message, location }) => ({
    file,
    line: location?.line ?? null,
    message: message.text,
  }))
  const parsed = queries.map((query) => toSourceQuery(file, query, parser))
  problems.push(...lostNames(file, text, parsed), ...parsed.flatMap(misplacedParameters))
  if (parsed.length === 0 && problems.length === 0) {
    problems.push({
      file,
      line: null,
      message: 'holds no query: `/* @name findThing */`, then a statement ended by `;`',
    })
  }
  return { queries: parsed, problems }
}

function toSourceQuery(file: string, parsed: ParsedQuery, parser: QueryParser): SourceQuery {
  // Without pgtyped's usedParamSet, which the engine does not need and QueryIR does not know.
  const { params, statement } = parser.queryASTToIR(parsed) as QueryIR
  const ir: QueryIR = { params, statement }
  return { file, name: parsed.name, line: parsed.statement.loc.line, ir, query: new Query(parsed.name, ir) }
}

/** A `;` behind a `--` is part of the comment: pgtyped then takes the next `@name` for a comment too, without a word. */
function lostNames(file: string, text: string, queries: readonly SourceQuery[]): readonly Problem[] {
  const names = [...text.matchAll(NAME_TAG)].map(({ 1: name = '', index }) => ({ name, index }))
  return names
    .filter(({ name }) => !queries.some((query) => query.name === name))
    .map(({ name, index }) => ({
      file,
      line: text.slice(0, index).split('\n').length,
      message: `${name} is not seen as a query: the statement before it has no \`;\`, or has it inside a \`--\` comment`,
    }))
}

/** pgtyped counts a character beyond U+FFFF as one, JavaScript as two: its offsets are off from there on. */
function misplacedParameters(query: SourceQuery): readonly Problem[] {
  const { statement, params } = query.ir
  const isOff = params.some(({ name, locs }) => locs.some(({ a, b }) => !isPlace(statement.slice(a, b + 1), name)))
  if (!isOff) return []
  const offset = statement.search(/[\u{10000}-\u{10ffff}]/u)
  return [
    problemAt(
      query,
      Math.max(offset, 0),
      "a character beyond U+FFFF misplaces the parameters; write it as U&'\\+01F600'",
    ),
  ]
}

function isPlace(text: string, name: string): boolean {
  return text === `:${name}` || text === `:${name}!`
}

/** Finds queries that share a name, also one that differs only as pgtyped's camel case does not. */
export function sharedNames(queries: readonly SourceQuery[]): readonly Problem[] {
  const known = new Map<string, SourceQuery>()
  const problems: Problem[] = []
  for (const query of queries) {
    const key = query.name.replaceAll('_', '').toLowerCase()
    const other = known.get(key)
    if (other === undefined) known.set(key, query)
    else problems.push(problemAt(query, 0, `the name is taken by ${other.name} in ${other.file}:${other.line}`))
  }
  return problems
}
