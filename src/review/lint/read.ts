/** Reads migrations for the lint: what the runner would refuse, and what the rules look at. */

import { type MigrationFile, readSource } from '../../migrate/files.js'
import { prepare } from '../../migrate/prepare.js'
import type { FileProblem } from '../../migrate/problem.js'
import { cutSection, type Direction } from '../../migrate/sections.js'
import type { MigrationSource } from '../../migrate/source.js'
import type { Statement } from '../../migrate/statements.js'
import { type Migration, parseSection } from './migration.js'

/** Migrations of a source. Those that lack a section are not among them, but among the problems. */
export interface ReadForLint {
  readonly migrations: readonly Migration[]
  readonly problems: readonly FileProblem[]
}

/** Reads the migrations of a source.
 *  @throws {MigrationError} when the folder cannot be read */
export async function readForLint(source: MigrationSource): Promise<ReadForLint> {
  const { files, problems: malformed } = await readSource(source)
  const problems = [...malformed]
  const migrations: Migration[] = []
  for (const file of files) {
    if (malformed.some((problem) => problem.file === file.file)) continue
    const up = await textOf(file, 'up', problems)
    const down = await textOf(file, 'down', problems)
    migrations.push({
      file: `migrations/${file.file}`,
      name: file.name,
      isSql: file.form === 'sql',
      text: unixLines(file.text),
      up: await parseSection(up),
      down: await parseSection(down),
    })
  }
  return { migrations, problems }
}

async function textOf(file: MigrationFile, direction: Direction, problems: FileProblem[]): Promise<string> {
  const statements = await prepare(file, direction, problems)
  if (file.form === 'step') return statementsAtLines(statements)
  const { sql, line } = cutSection(unixLines(file.text), direction)
  return '\n'.repeat(line - 1) + sql
}

/** Writes the statements of a step at the lines of the module on which they stand. */
function statementsAtLines(statements: readonly Statement[]): string {
  let text = ''
  let at = 1
  for (const { sql, line } of statements) {
    // A text that is put together stands on no line.
    const written = `${'\n'.repeat(Math.max(0, (line ?? at) - at))}${unixLines(sql).replace(/[\s;]+$/, '')};\n`
    text += written
    at += written.split('\n').length - 1
  }
  return text
}

function unixLines(text: string): string {
  return text.replaceAll('\r\n', '\n')
}
