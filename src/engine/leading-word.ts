/** Tells what statements begin with, behind white space and comments. */

import type { Statement } from './statement.js'

const SPACE = /[\s;]*/y
const REST_OF_LINE = /[^\r\n]*/y
const COMMENT_EDGE = /\/\*|\*\//g

/** Gives a test for texts that begin with one of the words (alternatives of a regular expression). What stands before it is
 *  passed over by hand: one expression for all of it takes exponential time with many comments, and cannot nest them. */
export function leadingWord(words: string): { test(text: string): boolean } {
  const pattern = new RegExp(`(?:${words})\\b`, 'iy')
  return {
    test(text) {
      pattern.lastIndex = startOf(text)
      return pattern.test(text)
    },
  }
}

function startOf(text: string): number {
  for (let at = 0; ; ) {
    at = endOf(SPACE, text, at)
    if (text.startsWith('--', at)) at = endOf(REST_OF_LINE, text, at)
    else if (text.startsWith('/*', at)) at = endOfComment(text, at)
    else return at
  }
}

function endOf(pattern: RegExp, text: string, start: number): number {
  pattern.lastIndex = start
  pattern.test(text)
  return pattern.lastIndex
}

/** PostgreSQL's comments nest (manual, section 4.1.5). */
function endOfComment(text: string, start: number): number {
  COMMENT_EDGE.lastIndex = start
  let depth = 0
  for (let edge = COMMENT_EDGE.exec(text); edge !== null; edge = COMMENT_EDGE.exec(text)) {
    depth += edge[0] === '/*' ? 1 : -1
    if (depth === 0) return COMMENT_EDGE.lastIndex
  }
  return text.length
}

/** A word that may end a transaction: what stands behind it would run outside of it. */
const TRANSACTION_END = leadingWord('COMMIT|END|ROLLBACK|ABORT|PREPARE\\s+TRANSACTION')

/** Tells whether a statement may end the transaction that it is in. */
export function endsTransaction({ preparedName, text }: Statement): boolean {
  return preparedName === null && TRANSACTION_END.test(text)
}

/** What commits by itself, once or more, outside of a transaction: procedures, and what is done table by table or beside
 *  others, whose failure leaves an invalid index behind. */
const OWN_COMMITS = leadingWord('CALL|VACUUM|REINDEX|CLUSTER|(?:CREATE(?:\\s+UNIQUE)?|DROP)\\s+INDEX\\s+CONCURRENTLY')
const BLOCK = leadingWord('DO')
const BLOCK_COMMITS = /\b(?:commit|call|execute)\b/i

/** Tells whether a statement that is no part of a transaction may fail when it has committed some of its work. */
export function maySplit({ isRead, text }: Statement): boolean {
  if (isRead) return false
  return OWN_COMMITS.test(text) || (BLOCK.test(text) && BLOCK_COMMITS.test(text))
}
