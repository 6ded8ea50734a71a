/** squawk's rules, run over what the migrations apply. */

import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { findTool } from '../../generate/tools.js'
import type { Finding } from '../finding.js'
import type { Migration } from './migration.js'

/** Supported servers begin with it. */
const PG_VERSION = '15'

/** squawk's rules that are not asked, and why. */
export const excludedSquawkRules: Readonly<Record<string, string>> = {
  'require-lock-timeout': 'the runner sets lock_timeout, and tries again',
  'require-statement-timeout': 'a limit belongs to the deployment that runs the file, not to the file',
  'prefer-robust-stmts':
    'a file that fails leaves nothing; of a step, the runner drops the invalid index, which IF NOT EXISTS would take',
  'transaction-nesting': 'ashlar refuses it as `form`',
  'ban-concurrent-index-creation-in-transaction': 'ashlar refuses it as `form`, and names the `.mjs` step',
}

/** What to do about rules that do not say so. */
const ADVICE: Readonly<Record<string, string>> = {
  'ban-drop-table': 'first release code that does not use it, and drop it with the release after that',
  'ban-drop-column': 'first release code that does not use it, and drop it with the release after that',
  'renaming-table': 'release a view of the new name first, or keep the name',
  'renaming-column': 'add a column of the new name, let code write both, and drop the old one a release later',
}

interface SquawkProblem {
  readonly file: string
  /** Counts from 0. */
  readonly line: number
  readonly message: string
  readonly help: string | null
  readonly rule_name: string
}

/** Runs squawk over the Up sections. A project's own `.squawk.toml` takes the place of the rules chosen here.
 *  @throws {Error} when squawk is not installed, or cannot run; names the npm command */
export async function squawkFindings(project: string, migrations: readonly Migration[]): Promise<readonly Finding[]> {
  const program = squawkOf(project)
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-lint-'))
  try {
    const [files, steps] = [migrations.filter(({ isSql }) => isSql), migrations.filter(({ isSql }) => !isSql)]
    const config = existsSync(join(project, '.squawk.toml')) ? resolve(project, '.squawk.toml') : null
    const found = await Promise.all([
      runSquawk(program, join(folder, 'sql'), config, files, ['--assume-in-transaction']),
      runSquawk(program, join(folder, 'step'), config, steps, ['--no-assume-in-transaction']),
    ])
    return found.flat()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The script of the package finds the program of the platform. */
function squawkOf(project: string): string {
  const folder = findTool(resolve(project), 'squawk-cli')
  if (folder === null) {
    throw new Error('the migration lint needs squawk-cli, which is not installed: npm install --save-dev squawk-cli')
  }
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { bin: { squawk: string } }
  return join(folder, bin.squawk)
}

async function runSquawk(
  program: string,
  folder: string,
  config: string | null,
  migrations: readonly Migration[],
  mode: readonly string[],
): Promise<readonly Finding[]> {
  if (migrations.length === 0) return []
  const byPath = new Map<string, Migration>()
  for (const migration of migrations) {
    const path = join(folder, `${migration.name}.sql`)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, migration.up.text)
    byPath.set(path, migration)
  }
  const chosen =
    config === null
      ? ['--pg-version', PG_VERSION, '--exclude', Object.keys(excludedSquawkRules).join(',')]
      : ['--config', config]
  const output = await run([program, '--reporter', 'json', ...mode, ...chosen, ...byPath.keys()], folder)
  return output.flatMap(({ file, line, message, help, rule_name: rule }) => {
    const migration = byPath.get(file)
    // What PostgreSQL's own parser refuses is told already.
    if (migration === undefined || (rule === 'syntax-error' && !migration.up.isParsed)) return []
    const advice = help?.replace(/\.$/, '') ?? ADVICE[rule] ?? `see https://squawkhq.com/docs/${rule}`
    return [
      {
        rule,
        file: migration.file,
        line: line + 1,
        subject: migration.name,
        message,
        advice: `${advice}; if it is right here, say why in a comment, and below it: -- squawk-ignore ${rule}`,
      },
    ]
  })
}

/** It exits 1 when it finds something, too. */
async function run(args: readonly string[], cwd: string): Promise<readonly SquawkProblem[]> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
    cwd,
    maxBuffer: 64 * 1024 * 1024,
  }).catch((error: { readonly stdout?: string; readonly stderr?: string }) => error)
  try {
    return JSON.parse(stdout ?? '') as readonly SquawkProblem[]
  } catch (cause) {
    throw new Error(`squawk failed: ${(stderr ?? '').trim() || 'it said nothing'}`, { cause })
  }
}
