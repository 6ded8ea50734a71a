/** The migration lint: what the runner refuses, squawk's rules, and our own. */

import { sourcesOf } from '../../migrate/source.js'
import { type Finding, sortFindings } from '../finding.js'
import { applyOffs } from './off.js'
import { readForLint } from './read.js'
import { lintRules } from './rules.js'
import { squawkFindings } from './squawk.js'

/** What the lint found. */
export interface LintReport {
  /** How many migrations were looked at. */
  readonly migrations: number
  /** In order of file and line. */
  readonly findings: readonly Finding[]
}

/** The rule under which stands what the runner would refuse; it cannot be turned off. */
const FORM = 'form'

const names: ReadonlySet<string> = new Set(lintRules.map(({ name }) => name))

/** Looks at a project's own migrations, without a server.
 *  @throws {MigrationError} when the folder cannot be read
 *  @throws {Error} when squawk is not installed, or cannot run; names the npm command */
export async function lintMigrations(project: string): Promise<LintReport> {
  // The last one is the project's own.
  const source = sourcesOf(project).at(-1)
  if (source === undefined) return { migrations: 0, findings: [] }
  const { migrations, problems } = await readForLint(source)
  const form = problems.map(({ file, line, message }) => ({
    rule: FORM,
    file: `migrations/${file}`,
    line,
    subject: file,
    message,
    advice: 'mend the file: neither runner would apply it as it is meant',
  }))
  const own = await Promise.all(
    migrations.map((migration) => {
      const findings = lintRules.flatMap((rule) =>
        rule.check(migration).map((hit) => ({ rule: rule.name, file: migration.file, ...hit })),
      )
      return applyOffs(migration, findings, names)
    }),
  )
  const squawk = await squawkFindings(project, migrations)
  const files = new Set([...migrations.map(({ file }) => file), ...form.map(({ file }) => file)])
  return { migrations: files.size, findings: sortFindings([...form, ...own.flat(), ...squawk]) }
}
