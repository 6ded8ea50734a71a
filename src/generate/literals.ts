/** Finds literals that the engine's line-by-line view of a statement would change. */

import type { Problem } from './problem.js'
import { problemAt, type SourceQuery } from './source-query.js'
import type { ServerParser } from './tools.js'

const LITERALS = new Set(['SCONST', 'USCONST', 'BCONST', 'XCONST', 'IDENT', 'UIDENT'])

/** Finds strings and names that run over several lines (blank lines and trailing spaces are not sent) or that hold
 *  what looks like a mark. A statement that cannot be scanned is left to the server, whose message is better. */
export async function checkLiterals(query: SourceQuery, parser: ServerParser): Promise<readonly Problem[]> {
  const { statement } = query.ir
  const bytes = Buffer.from(statement)
  const { tokens } = await parser.scan(statement).catch(() => ({ tokens: [] }))
  return tokens
    .filter(({ tokenName, text }) => LITERALS.has(tokenName) && /\n|--\s*@/.test(text))
    .map(({ text, start }) => {
      const message = text.includes('\n')
        ? "a literal must not run over several lines; write E'...\\n...'"
        : "a literal must not hold `-- @`, which reads like a mark; write '-' || '- @...'"
      return problemAt(query, bytes.subarray(0, start).toString().length, message)
    })
}
