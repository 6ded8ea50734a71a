import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pc from 'picocolors'
import { type Config, resolveConfig } from '../config.js'
import { reach } from '../database.js'
import { findWriter } from '../engine/hosts/find-writer.js'
import { ConfigError } from '../errors.js'
import type { Difference } from '../review/catalogue/compare-catalogues.js'
import { describePart } from '../review/drift/drift-lines.js'
import type { SchemaDraft } from '../review/drift/make-draft.js'
import { diffSchema, type SchemaDiff, type SchemaDiffOptions } from '../review/drift/schema-diff.js'
import type { Context } from './context.js'
import { exitCodes, UsageError } from './failure.js'
import { plainText, printJson, printLine, printNote } from './output.js'

/** What the command takes beside the project. */
export interface SchemaDiffFlags {
  readonly sqlOnly?: true
  readonly output?: string
  /** False with --no-sql. */
  readonly sql?: boolean
  readonly undo?: true
  readonly privileges?: true
  readonly ignoreSchema?: readonly string[]
}

/** Names what differs between a live database and the migrations, with a draft of the SQL; fails when anything does. */
export async function schemaDiff(context: Context, project: string | undefined, flags: SchemaDiffFlags): Promise<void> {
  const { output, sqlOnly } = flags
  refuseTogether(context, flags)
  if (output !== undefined && existsSync(output))
    throw new Error(`${output} is there already: the draft goes to a new file`)
  const diff = await compare(context, project, flags)
  if (diff.differences.length > 0) process.exitCode = exitCodes.failed
  if (output !== undefined && diff.draft !== null) await writeFile(output, diff.draft.sql, { flag: 'wx' })
  if (context.isJson) printJson(jsonOf(diff))
  else {
    noteStanding(diff)
    if (sqlOnly !== true) printDifferences(diff)
    if (diff.draft !== null) printDraft(diff.draft, flags)
  }
}

function refuseTogether({ isJson }: Context, { sqlOnly, output, sql, undo }: SchemaDiffFlags): void {
  const [other] = [sqlOnly && '--sql-only', output !== undefined && '--output', undo && '--undo'].filter(Boolean)
  if (sql === false && other !== undefined) throw new UsageError(`--no-sql and ${other} cannot go together`)
  if (sqlOnly && (output !== undefined || isJson)) throw new UsageError('--sql-only prints to stdout, and nothing else')
}

async function compare({ url }: Context, project: string | undefined, flags: SchemaDiffFlags): Promise<SchemaDiff> {
  const config = resolveConfig(url === undefined ? {} : { url })
  refuseNew(config.target)
  const { target, stop } = await reach(config.target)
  try {
    const options: SchemaDiffOptions = {
      connectTimeoutMs: config.pool.connectTimeoutMs,
      draft: flags.sql !== false,
      undo: flags.undo === true,
      privileges: flags.privileges === true,
      ignoredSchemas: flags.ignoreSchema ?? [],
    }
    return await diffSchema(projectOf(project), await findWriter(target, config), options)
  } finally {
    await stop()
  }
}

/** A service that uses ashlar's schema alone has no migrations. */
function projectOf(project: string | undefined): string | null {
  return project ?? (existsSync('migrations') ? '.' : null)
}

/** Reaching an embedded database makes it, where there is none. */
function refuseNew(target: Config['target']): void {
  if (!('embeddedFolder' in target) || existsSync(join(target.embeddedFolder, 'data'))) return
  throw new ConfigError({
    field: 'url',
    value: `embedded:${target.embeddedFolder}, where there is no database yet`,
    limit: 'that of a database that is there (`ashlar migrate up` and `ashlar dev` make one)',
  })
}

function noteStanding({ pending, unknown, differences }: SchemaDiff): void {
  if (pending.length > 0) {
    printNote(`${pc.yellow('pending')} ${pending.map(plainText).join(', ')}: run \`ashlar migrate up\` first`)
    if (differences.length > 0) printNote('what they make counts as missing here, and there is no draft')
  }
  if (unknown.length > 0) {
    printNote(`${pc.yellow('unknown')} ${unknown.map(plainText).join(', ')}: applied there, but there is no such file`)
  }
}

const COLORS = { missing: pc.red, extra: pc.green, changed: pc.yellow } as const

function printDifferences({ database, differences, durationMs }: SchemaDiff): void {
  const name = plainText(database)
  const took = pc.dim(`(${(durationMs / 1_000).toFixed(1)} s)`)
  if (differences.length === 0) {
    printLine(`${name}: ${pc.green('equal')} to what the migrations yield ${took}`)
    return
  }
  for (const difference of differences) for (const line of linesOf(difference)) printLine(line)
  const count = differences.length === 1 ? '1 difference' : `${differences.length} differences`
  printLine(`${name}: ${pc.red(count)} from what the migrations yield ${took}`)
}

function linesOf({ change, kind, name, parts }: Difference): readonly string[] {
  const title = `${COLORS[change](change.padEnd('missing'.length))}  ${kind} ${pc.bold(plainText(name))}`
  return [title, ...parts.map((part) => `           ${plainText(describePart(part))}`)]
}

function printDraft({ sql, uncovered, uncoveredDown }: SchemaDraft, { output, undo }: SchemaDiffFlags): void {
  if (output === undefined) process.stdout.write(`\n${sql}`)
  else printLine(`${pc.green('wrote')} ${output}, a draft to review`)
  const sections = [
    [undo ? 'Script' : 'Up', uncovered],
    ['Down', uncoveredDown],
  ] as const
  for (const [section, left] of undo ? sections.slice(0, 1) : sections) {
    if (left.length === 0) printNote(`${section}: tried, leaves no difference`)
    else printNote(`${pc.yellow(section)}: tried, leaves ${left.length}:`)
    for (const line of left) printNote(`  ${plainText(line)}`)
  }
  printNote(undo ? UNDO_ADVICE : DRAFT_ADVICE)
}

const DRAFT_ADVICE = `what to do: review it, and save it by \`ashlar migrate create NAME\`; on the database that has the change already,
record it by \`ashlar migrate stamp to NAME\`, elsewhere \`ashlar migrate up\` runs it`
const UNDO_ADVICE = 'what to do: review it, and run it on that database, as by `psql --set ON_ERROR_STOP=1 --file FILE`'

function jsonOf({ differences, draft, ...rest }: SchemaDiff): unknown {
  return {
    ...rest,
    differences: differences.map(({ change, kind, name, parts }) => ({ change, kind, name, parts })),
    draft,
  }
}
