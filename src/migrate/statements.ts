/** The statements of a migration's SQL, by PostgreSQL's own parser. It takes 75 ms to load: only for what is to run. */

import type { Node } from 'libpg-query'
import type { Section } from './sections.js'

/** One statement. */
export interface Statement {
  readonly sql: string
  /** The line of the file with which it begins, from 1; null where none can be told. */
  readonly line: number | null
  readonly node: Node
}

/** Why SQL cannot be parsed. */
export interface SyntaxFault {
  readonly message: string
  /** Of the file, from 1. */
  readonly line: number
  /** The text from the place of the fault on. */
  readonly rest: string
}

/** Splits a section into its statements, or tells where its syntax is wrong. */
export async function splitStatements({ sql, line }: Section): Promise<readonly Statement[] | SyntaxFault> {
  const { hasSqlDetails, parse } = await import('libpg-query')
  // The parser refuses an empty text.
  if (sql.trim() === '') return []
  try {
    const { stmts = [] } = await parse(sql)
    const bytes = Buffer.from(sql)
    return stmts.flatMap(({ stmt, stmt_location: start = 0, stmt_len: length = bytes.length - start }) => {
      if (stmt === undefined) return []
      const before = bytes.subarray(0, start).toString()
      const text = bytes.subarray(start, start + length).toString()
      const skipped = leadingComments(text)
      return { sql: text.slice(skipped), line: line + countLines(before + text.slice(0, skipped)), node: stmt }
    })
  } catch (error) {
    if (!hasSqlDetails(error)) throw error
    // Counted in characters, where JavaScript counts in halves of some.
    const before = [...sql].slice(0, error.sqlDetails?.cursorPosition ?? 0).join('')
    return { message: error.message, line: line + countLines(before), rest: sql.slice(before.length) }
  }
}

/** Tells what {@link splitStatements} gave. */
export function isFault(split: readonly Statement[] | SyntaxFault): split is SyntaxFault {
  return 'rest' in split
}

function countLines(text: string): number {
  return text.split('\n').length - 1
}

/** Gives the length of the white space and the comments with which a text begins. */
export function leadingComments(text: string): number {
  let at = 0
  for (;;) {
    const rest = text.slice(at)
    const length = /^(?:\s+|--.*)/.exec(rest)?.[0].length ?? (rest.startsWith('/*') ? blockComment(rest) : 0)
    if (length === 0) return at
    at += length
  }
}

/** Gives the length of the block comment with which a text begins; PostgreSQL's nest. */
function blockComment(text: string): number {
  let depth = 0
  for (const { 0: mark, index } of text.matchAll(/\/\*|\*\//g)) {
    depth += mark === '/*' ? 1 : -1
    if (depth === 0) return index + mark.length
  }
  return text.length
}
