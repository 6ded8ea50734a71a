/** Comments that turn a rule off for the line below them, with a reason. */

import type { Finding } from '../finding.js'
import type { Migration } from './migration.js'

interface Off {
  readonly rule: string
  readonly reason: string
  /** Of the comment. */
  readonly line: number
  /** The line that it is about. */
  readonly target: number
}

const COMMENT = /^\s*(?:--|\/\/)\s*(.*?)\s*$/
const NEWLINE = 10
const OFF = /^@lint-off\b\s*([^:\s]*)\s*:?\s*(.*)$/
const IGNORE = /^squawk-ignore(?:-file)?\b/

/** What is wrong with such comments; not to be turned off itself. */
const LINT_OFF = 'lint-off'

/** Takes out what comments of a migration turn off, and adds what is wrong with these comments. */
export async function applyOffs(
  { file, name, text, isSql, up }: Migration,
  findings: readonly Finding[],
  rules: ReadonlySet<string>,
): Promise<readonly Finding[]> {
  const offs = offsIn(text, isSql ? await commentsIn(text) : commentLines(text))
  const ignores = await commentsIn(up.text)
  const isOff = ({ rule, line }: Finding): boolean => offs.some((off) => off.rule === rule && off.target === line)
  const wrong = (line: number, message: string, advice: string): Finding => {
    return { rule: LINT_OFF, file, line, subject: name, message, advice }
  }
  const form = `write on the line above it: ${isSql ? '--' : '//'} @lint-off rule: why it is right here`
  return [
    ...findings.filter((finding) => !isOff(finding)),
    ...offs.flatMap(({ rule, reason, line, target }) => {
      if (!rules.has(rule)) {
        return [
          wrong(line, rule === '' ? '@lint-off names no rule' : `there is no rule ${rule} to be turned off`, form),
        ]
      }
      if (reason === '') return [wrong(line, `turns ${rule} off without a reason`, form)]
      if (findings.some((finding) => finding.rule === rule && finding.line === target)) return []
      return [wrong(line, `turns ${rule} off where it finds nothing`, 'take the comment out, or put it above the line')]
    }),
    ...ignoresWithoutReason(ignores).map((line) =>
      wrong(line, 'turns a rule of squawk off without a reason', 'say why in a comment on the line above it'),
    ),
  ]
}

/** What each line says that is a comment as a whole; null for the others. */
type Comments = readonly (string | null)[]

/** Reads the comments of SQL: what stands in a string is none. */
async function commentsIn(text: string): Promise<Comments> {
  const lines = commentLines(text)
  if (!lines.some((comment) => comment !== null && (OFF.test(comment) || IGNORE.test(comment)))) return lines
  const { scan } = await import('libpg-query')
  // What cannot be cut into words is told as `form`.
  const tokens = await scan(text).then(
    (scanned) => scanned.tokens,
    () => null,
  )
  if (tokens === null) return lines
  const bytes = Buffer.from(text)
  const starts = new Set(tokens.flatMap(({ start, tokenName }) => (tokenName === 'SQL_COMMENT' ? [start] : [])))
  let at = 0
  return text.split('\n').map((line, index) => {
    const start = at + line.search(/\S|$/)
    at = bytes.indexOf(NEWLINE, at) + 1
    return starts.has(start) ? (lines[index] ?? null) : null
  })
}

function commentLines(text: string): Comments {
  return text.split('\n').map((line) => COMMENT.exec(line)?.[1] ?? null)
}

function offsIn(text: string, comments: Comments): readonly Off[] {
  const lines = text.split('\n')
  return comments.flatMap((comment, index) => {
    const off = OFF.exec(comment ?? '')
    if (off === null) return []
    const [, rule = '', reason = ''] = off
    const below = lines.findIndex((other, at) => at > index && other.trim() !== '' && comments[at] === null)
    return [{ rule, reason, line: index + 1, target: below + 1 }]
  })
}

function ignoresWithoutReason(comments: Comments): readonly number[] {
  return comments.flatMap((comment, index) => {
    if (comment === null || !IGNORE.test(comment)) return []
    let above = index - 1
    while (IGNORE.test(comments[above] ?? '')) above -= 1
    const reason = comments[above] ?? ''
    return /\p{L}{2}/u.test(reason) && !/^up\s+migration/i.test(reason) ? [] : [index + 1]
  })
}
