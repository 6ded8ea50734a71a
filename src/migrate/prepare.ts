/** Files that are to run, taken apart: what PostgreSQL's parser and the rules of transactions say before anything runs. */

import type { MigrationFile } from './files.js'
import { type FileProblem, refuse } from './problem.js'
import { cutSection, type Direction, findMarkers, lineAt, MARKER_LINES } from './sections.js'
import { isFault, type Statement, type SyntaxFault, splitStatements } from './statements.js'
import { readStep, StepFault } from './step.js'
import { entryOf, outsideTransaction, refusalOf } from './transaction-rules.js'

/** A file whose SQL was looked at in both directions. */
export interface PreparedFile extends Readonly<Record<Direction, readonly Statement[]>> {
  readonly file: MigrationFile
}

/** Takes files apart, and refuses all that is wrong with any of them.
 *  @throws {MigrationError} names each fault with its line */
export async function prepareFiles(files: readonly MigrationFile[]): Promise<readonly PreparedFile[]> {
  const problems: FileProblem[] = []
  const prepared: PreparedFile[] = []
  for (const file of files) {
    const [up, down] = [await prepare(file, 'up', problems), await prepare(file, 'down', problems)]
    prepared.push({ file, up, down })
  }
  refuse(problems)
  return prepared
}

/** Takes one direction of a file apart, and adds what is wrong with it to the problems. */
export async function prepare(
  file: MigrationFile,
  direction: Direction,
  problems: FileProblem[],
): Promise<readonly Statement[]> {
  const note = (line: number | null, message: string): void => {
    // A module that cannot be loaded is so in both directions.
    const isKnown = problems.some((each) => each.file === file.file && each.line === line && each.message === message)
    if (!isKnown) problems.push({ file: file.file, line, message })
  }
  const statements = await (file.form === 'sql' ? sqlOf(file, direction, note) : stepOf(file, direction, note))
  for (const statement of statements) {
    const refusal = refusalOf(statement)
    if (refusal !== null) note(statement.line, refusal)
  }
  return statements
}

type Note = (line: number | null, message: string) => void

async function sqlOf({ text }: MigrationFile, direction: Direction, note: Note): Promise<readonly Statement[]> {
  const section = cutSection(text, direction)
  const split = await splitStatements(section)
  if (isFault(split)) {
    note(split.line, faultOf(split, text, direction))
    return []
  }
  if (split.length === 0) note(section.line, `has an empty ${direction === 'up' ? 'Up' : 'Down'} section`)
  for (const statement of split) {
    const name = outsideTransaction(statement)
    if (name === null) continue
    note(statement.line, `has ${name}, which no transaction can hold: make it a step of its own, NNNN_name.mjs`)
  }
  return split
}

/** Says what to do about a syntax error. */
function faultOf({ message, rest }: SyntaxFault, text: string, direction: Direction): string {
  const down = findMarkers(text, 'down')[0]?.line
  if (message.startsWith('unterminated')) {
    const [what = message] = message.split(' at or near ')
    const swallowed = direction === 'up' ? `: the line ${MARKER_LINES.down} (${down}) stands within it` : ''
    return `has an ${what}${swallowed}; close it`
  }
  if (rest.startsWith('\\')) {
    const command = /^\\\S*/.exec(rest)?.[0]
    return `has \`${command}\`, a command of psql: a migration holds SQL alone`
  }
  const before = text.slice(0, text.indexOf(rest))
  if (/\bCOPY\b[^;]*\bFROM\s+STDIN\b[^;]*;\s*$/i.test(before)) {
    return 'has rows for COPY FROM STDIN, which only psql reads: write INSERT'
  }
  return `${message}: mend the SQL`
}

async function stepOf(file: MigrationFile, direction: Direction, note: Note): Promise<readonly Statement[]> {
  try {
    const { texts, isOutsideTransaction } = await readStep(file, direction)
    if (!isOutsideTransaction)
      note(null, `does not call pgm.noTransaction() in ${direction}: call it, or write a .sql file`)
    if (texts.length === 0) note(null, `gives no SQL in ${direction}: call pgm.sql()`)
    const statements: Statement[] = []
    for (const text of texts) statements.push(...(await callOf(file, text, direction, note)))
    return statements
  } catch (error) {
    if (!(error instanceof StepFault)) throw error
    note(error.line, error.message)
    return []
  }
}

/** Takes one call of `pgm.sql` apart: node-pg-migrate sends it whole, and PostgreSQL runs several in one transaction. */
async function callOf(
  { text: module }: MigrationFile,
  text: string,
  direction: Direction,
  note: Note,
): Promise<readonly Statement[]> {
  const at = placeIn(module, text, direction)
  const line = at === -1 ? null : lineAt(module, at)
  const split = await splitStatements({ sql: text, line: line ?? 1 })
  if (isFault(split)) {
    note(line === null ? null : split.line, `${split.message}, in pgm.sql() of ${direction}: mend the SQL`)
    return []
  }
  const [statement] = split
  if (statement === undefined || split.length > 1) {
    note(line, `gives ${split.length} statements in one pgm.sql() of ${direction}: give one a call`)
    return []
  }
  const [kind, fields] = entryOf(statement.node)
  if (kind === 'IndexStmt' && fields.idxname === undefined) {
    note(line, 'creates an index without a name: name it, so that a rerun finds what a failure left')
  }
  return [line === null ? { ...statement, line } : statement]
}

/** Finds a text within the function of its direction, as the other may say the same, or else anywhere; -1: nowhere. */
function placeIn(module: string, text: string, direction: Direction): number {
  const own = exportOf(module, direction)
  const other = exportOf(module, direction === 'up' ? 'down' : 'up')
  const at = own === -1 ? -1 : module.indexOf(text, own)
  const isOwn = at !== -1 && (other < own || at < other)
  return isOwn ? at : module.indexOf(text)
}

function exportOf(module: string, direction: Direction): number {
  return module.search(new RegExp(`\\bexport\\s+(?:async\\s+)?(?:function|const|let|var)\\s+${direction}\\b`))
}
