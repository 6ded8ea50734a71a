import pc from 'picocolors'
import type { AppliedInfo, MigrationOverview } from '../../migrate/overview.js'
import type { MigrationEvent } from '../../migrate/status.js'
import type { Context } from '../context.js'
import { exitCodes } from '../failure.js'
import { formatTable, plainText, printJson, printLine } from '../output.js'
import type { ProjectChoice } from '../project.js'
import { chooseMigrator, type MigrateFlags } from './flags.js'
import { durationText, nameText, problemLines } from './lines.js'

/** Lists what is applied and what is pending, and what is wrong. */
export async function showStatus(context: Context, flags: MigrateFlags): Promise<void> {
  const { migrator, project } = chooseMigrator(context, flags, false)
  const overview = await migrator.status()
  if (context.isJson) printJson(overview)
  else printOverview(overview, project !== null, flags)
}

/** Lists all events, the oldest first. */
export async function showHistory(context: Context, flags: MigrateFlags): Promise<void> {
  const { migrator, project } = chooseMigrator(context, flags, false)
  const events = await migrator.history()
  if (context.isJson) printJson(events)
  else if (events.length === 0) printLine('nothing is recorded')
  else printLine(formatTable(events.map((event) => eventCells(event, project !== null))))
}

/** Fails when the database is not as the files say; names each migration, and what to do. */
export async function check(context: Context, flags: MigrateFlags): Promise<void> {
  const { migrator, project } = chooseMigrator(context, flags, false)
  const problems = await migrator.check()
  if (context.isJson) printJson({ problems })
  else if (problems.length === 0) printLine(`${pc.green('ok')} the database is as the migrations say`)
  else for (const line of problemLines(problems, project !== null, flags)) printLine(line)
  process.exitCode = problems.length === 0 ? exitCodes.ok : exitCodes.failed
}

function printOverview(
  { applied, pending, problems }: MigrationOverview,
  hasProject: boolean,
  choice: ProjectChoice,
): void {
  const waiting = pending.map((migration) => ({
    state: 'pending',
    migration: nameText(migration, hasProject),
    'applied at': '',
    by: '',
    took: '',
    file: '',
  }))
  const rows = [...applied.map((migration) => appliedCells(migration, hasProject)), ...waiting]
  if (rows.length > 0) printLine(formatTable(rows))
  for (const line of problemLines(problems, hasProject, choice)) printLine(line)
}

function appliedCells(migration: AppliedInfo, hasProject: boolean) {
  const { appliedAt, roleName, durationMs, file } = migration
  return {
    state: 'applied',
    migration: nameText(migration, hasProject),
    'applied at': appliedAt.toISOString(),
    by: plainText(roleName ?? '-'),
    took: durationText(durationMs),
    file,
  }
}

const WORDS: Readonly<Record<MigrationEvent['origin'], Readonly<Record<MigrationEvent['direction'], string>>>> = {
  run: { up: 'applied', down: 'reverted' },
  stamp: { up: 'recorded', down: 'struck out' },
  adopt: { up: 'found applied', down: 'found reverted' },
}

function eventCells(event: MigrationEvent, hasProject: boolean) {
  const { origin, direction, recordedAt, roleName, durationMs, ashlarVersion } = event
  return {
    at: recordedAt.toISOString(),
    what: WORDS[origin][direction],
    migration: nameText(event, hasProject),
    by: plainText(roleName),
    took: durationText(durationMs),
    ashlar: plainText(ashlarVersion),
  }
}
