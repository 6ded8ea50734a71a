/** Marks in SQL: a line that ends in `-- @if name` is sent only when that parameter is given, and `-- @slow` keeps a query
 *  off the shared lanes. `-- @vet-off` is for reviews, and a plain comment here. See docs in README. */

/** One `name` or `name=value` of a mark. */
export interface Condition {
  readonly parameter: string
  /** The value that switches the line on, or null when any value but `undefined` does. */
  readonly choice: string | null
}

/** One line of a statement. */
export interface StatementLine {
  /** Offset of the line's first character in the statement. */
  readonly start: number
  /** Offset behind the line's last character that is sent: a mark and any trailing comment are left out. */
  readonly end: number
  /** All must hold for the line to be sent; empty for a line that is always sent. */
  readonly conditions: readonly Condition[]
}

/** A mark that cannot be understood. `line` counts from 1 within the statement. */
export class MarkError extends Error {
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.name = 'MarkError'
    this.line = line
  }
}

const ANY_MARK = /--\s*@(?!vet-off\b)/
/** Also in a file with CRLF ends. */
const MARK = /--\s*@(?!vet-off\b)(.*?)\r?$/
const SLOW_MARK = /--\s*@slow\s*$/
const CONDITION = /^([A-Za-z_]\w*)(?:=([\w-]+))?$/

/** Splits a statement into its lines with the conditions of each. Lines that hold only a comment are left out. A
 *  statement without marks is one line, as it stands: it may hold texts that go over several.
 *  @throws {MarkError} when a mark is malformed */
export function parseLines(statement: string): readonly StatementLine[] {
  if (!ANY_MARK.test(statement)) return [{ start: 0, end: statement.length, conditions: [] }]
  const lines: StatementLine[] = []
  let start = 0
  for (const [index, line] of statement.split('\n').entries()) {
    const mark = SLOW_MARK.test(line) ? null : MARK.exec(line)
    const sent = (mark === null ? line : line.slice(0, mark.index)).trimEnd()
    const isComment = sent.trimStart().startsWith('--')
    if (mark !== null && (sent === '' || isComment)) {
      throw new MarkError(index + 1, 'the mark stands on a line without SQL')
    }
    const conditions = mark === null ? [] : parseMark(mark[1] ?? '', index + 1)
    if (sent !== '' && !isComment) lines.push({ start, end: start + sent.length, conditions })
    start += line.length + 1
  }
  return lines
}

/** Tells whether a line of the statement says `-- @slow`: it is not to be sent where other reads stand behind it. */
export function isMarkedSlow(statement: string): boolean {
  return statement.includes('@slow') && statement.split('\n').some((line) => SLOW_MARK.test(line))
}

function parseMark(text: string, line: number): readonly Condition[] {
  const [word, ...rest] = text.trim().split(/\s+/)
  if (word !== 'if') throw new MarkError(line, `unknown mark @${word ?? ''}; known: @if, @slow`)
  return rest
    .join(' ')
    .split('&')
    .map((part) => {
      const match = CONDITION.exec(part.trim())
      if (match?.[1] === undefined) {
        throw new MarkError(line, '@if takes `name` or `name=value`, several joined by `&`')
      }
      return { parameter: match[1], choice: match[2] ?? null }
    })
}

/** Collects the choice parameters (`name=value`) of a statement with their values, in order of appearance. */
export function choicesOf(lines: readonly StatementLine[]): ReadonlyMap<string, readonly string[]> {
  const choices = new Map<string, string[]>()
  for (const { parameter, choice } of lines.flatMap((line) => line.conditions)) {
    if (choice === null) continue
    const values = choices.get(parameter) ?? []
    if (!values.includes(choice)) values.push(choice)
    choices.set(parameter, values)
  }
  return choices
}

/** Tells whether a line is sent with these parameters. */
export function holds(conditions: readonly Condition[], params: Readonly<Record<string, unknown>>): boolean {
  for (const { parameter, choice } of conditions) {
    const value = Object.hasOwn(params, parameter) ? params[parameter] : undefined
    if (choice === null ? value === undefined : value !== choice) return false
  }
  return true
}
