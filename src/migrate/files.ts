/** Migration files: where ashlar's own are, and whether each has the form that both runners understand. */

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MigrationError } from '../errors.js'
import { type FileProblem, refuse } from './problem.js'
import { cutSection, type Direction, findMarkers, lineAt, MARKER_LINES } from './sections.js'
import type { MigrationSource } from './source.js'
import { leadingComments } from './statements.js'
import { readStep } from './step.js'

/** The folder of ashlar's own migrations. It stands beside `src` and `dist` alike. */
export const ownMigrations = fileURLToPath(new URL('../../migrations', import.meta.url))

/** One migration, as it was read. */
export interface MigrationFile {
  readonly source: MigrationSource
  /** The file's name without its ending. */
  readonly name: string
  /** The file's name. */
  readonly file: string
  readonly path: string
  /** `sql`: two sections, run in a transaction; `step`: a module whose statements run outside one. */
  readonly form: 'sql' | 'step'
  readonly text: string
  /** SHA-256 of the text, in hexadecimal. Ends of lines do not count, which git may change. */
  readonly checksum: string
}

/** Reads the migrations of all sources, in the order in which they are applied, after checking the form of each.
 *  @throws {MigrationError} when a folder cannot be read, or a file is malformed; names all that are */
export async function readSources(sources: readonly MigrationSource[]): Promise<readonly MigrationFile[]> {
  const read = await Promise.all(sources.map(readSource))
  refuse(read.flatMap(({ problems }) => problems))
  return read.flatMap(({ files }) => files)
}

/** Reads the SQL that a migration of a folder applies, as texts that are sent one by one: a step's
 *  statements run outside a transaction each.
 *  @throws {StepFault} when a step's module cannot be used */
export async function readUpTexts(folder: string, name: string): Promise<readonly string[]> {
  const { files } = await readSource({ name: 'project', folder, table: '' })
  const found = files.find((file) => file.name === name)
  if (found === undefined) throw new MigrationError(`there is no migration ${name} in ${folder}`)
  return found.form === 'sql' ? [cutSection(found.text, 'up').sql] : (await readStep(found, 'up')).texts
}

/** Gives the names of the schemas that ashlar's own migrations create, in order of the alphabet.
 *  @throws {MigrationError} when a file is malformed */
export async function ownSchemas(): Promise<readonly string[]> {
  const files = await readSources([{ name: 'ashlar', folder: ownMigrations, table: '' }])
  const sections = files.filter(({ form }) => form === 'sql').map(({ text }) => cutSection(text, 'up').sql)
  const created = sections.flatMap((sql) => [...sql.matchAll(/^CREATE SCHEMA (?:IF NOT EXISTS )?(\w+)/gim)])
  return [...new Set(created.map(([, name = '']) => name))].sort()
}

interface ReadSource {
  readonly files: readonly MigrationFile[]
  readonly problems: readonly FileProblem[]
}

/** Reads the migrations of a source, and gives what is wrong with their form beside them. */
export async function readSource(source: MigrationSource): Promise<ReadSource> {
  const { folder } = source
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new MigrationError(`the migrations folder ${folder} cannot be read (${cause.code})`)
  })
  // node-pg-migrate passes over the same.
  const shown = entries
    .filter((entry) => !entry.name.startsWith('.') && !entry.isDirectory())
    .map(({ name }) => name)
    .sort()
  const problems = shown.flatMap((file, index) => checkName(file, shown.slice(0, index)))
  const files: MigrationFile[] = []
  for (const file of shown.filter((name) => problems.every((problem) => problem.file !== name))) {
    const content = await readFile(join(folder, file)).catch((error: NodeJS.ErrnoException) => error)
    if (content instanceof Error) {
      problems.push({ file, line: null, message: `cannot be read (${content.code})` })
      continue
    }
    problems.push(...checkEncoding(file, content))
    const form = file.endsWith('.sql') ? 'sql' : 'step'
    const text = content.toString('utf8')
    if (form === 'sql') problems.push(...checkSections(file, text))
    const name = file.replace(/\.\w+$/, '')
    files.push({ source, name, file, path: join(folder, file), form, text, checksum: checksumOf(text) })
  }
  return { files, problems }
}

function checksumOf(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex')
}

function checkName(file: string, earlier: readonly string[]): FileProblem[] {
  const refused = (message: string): FileProblem[] => [{ file, line: null, message }]
  const number = /^(\d{4})_[a-z0-9_]+\.(?:sql|mjs)$/.exec(file)?.[1]
  if (!/\.(?:sql|[cm]?[jt]s)$/.test(file)) {
    return refused('is no migration, but node-pg-migrate would run it as one: move it to another folder')
  }
  if (number === undefined) return refused('must be named NNNN_name.sql or NNNN_name.mjs, in lower case')
  const twin = earlier.find((name) => name.startsWith(`${number}_`))
  return twin === undefined ? [] : refused(`has the number of ${twin}: take the next free one`)
}

function checkEncoding(file: string, content: Buffer): FileProblem[] {
  if (content.subarray(0, 3).equals(BYTE_ORDER_MARK)) {
    const message = 'begins with a byte order mark, which PostgreSQL refuses: save it as UTF-8 without one'
    return [{ file, line: 1, message }]
  }
  const nul = content.indexOf(0)
  if (nul !== -1) {
    const line = lineAt(content.subarray(0, nul).toString('latin1'), nul)
    return [
      {
        file,
        line,
        message: 'holds a NUL character, where PostgreSQL ends a text: remove it, or save the file as UTF-8',
      },
    ]
  }
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(content)
    return []
  } catch {
    return [{ file, line: null, message: 'is not UTF-8: save it as UTF-8' }]
  }
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/** node-pg-migrate would take a file without markers as a whole for `up`, and pass over text above the first. */
function checkSections(file: string, text: string): FileProblem[] {
  const refused = (line: number | null, message: string): FileProblem[] => [{ file, line, message }]
  const [up, secondUp] = findMarkers(text, 'up')
  const [down, secondDown] = findMarkers(text, 'down')
  if (up === undefined) return refused(null, `has no line ${MARKER_LINES.up}`)
  if (down === undefined) return refused(null, `has no line ${MARKER_LINES.down}`)
  if (secondUp !== undefined) return refused(secondUp.line, again('up', up.line))
  if (secondDown !== undefined) return refused(secondDown.line, again('down', down.line))
  if (down.index < up.index) return refused(down.line, 'has its Down section before its Up section')
  const above = text.slice(0, up.index)
  if (hasSql(above)) {
    const line = lineAt(above, leadingComments(above))
    return refused(line, `has SQL above ${MARKER_LINES.up}, which would never run: move it below`)
  }
  if (!hasSql(text.slice(up.index, down.index))) return refused(up.line, 'has an empty Up section')
  if (hasSql(text.slice(down.index))) return []
  return refused(down.line, 'has an empty Down section, which would undo nothing: write what reverts it')
}

function again(direction: Direction, line: number): string {
  return `is a second line ${MARKER_LINES[direction]}, after that of line ${line}: node-pg-migrate cuts a file at the first, wherever it stands; write it otherwise`
}

/** Of the text alone: a comment, a semicolon or nothing is no SQL. */
function hasSql(section: string): boolean {
  return section.replace(/--.*$|\/\*[\s\S]*?\*\//gm, '').replace(/[\s;]/g, '') !== ''
}
