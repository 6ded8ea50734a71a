import pc from 'picocolors'
import { lintMigrations } from '../review/lint/lint.js'
import type { Context } from './context.js'
import { exitCodes } from './failure.js'
import { findingLines } from './finding-lines.js'
import { counted, printJson, printLine } from './output.js'

/** Shows what is wrong with a project's migrations; exits 1 when something is. */
export async function migrateLint({ isJson }: Context, project: string): Promise<void> {
  const { migrations, findings } = await lintMigrations(project)
  if (findings.length > 0) process.exitCode = exitCodes.failed
  if (isJson) {
    printJson({ findings, migrations })
    return
  }
  for (const finding of findings) for (const line of findingLines(finding)) printLine(line)
  const count = counted(migrations, 'migration')
  const verdict = findings.length === 0 ? pc.green('clean') : `${findings.length} to mend`
  printLine(`${count}: ${verdict}`)
}
