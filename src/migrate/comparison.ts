/** Where the files and what is applied contradict each other. */

import { MigrationError } from '../errors.js'
import type { MigrationFile } from './files.js'
import { LEDGER_SCHEMA, LEDGER_TABLE } from './ledger-sql.js'
import type { MigrationSource } from './source.js'
import type { AppliedMigration, MigrationState } from './state.js'

/** What {@link MigrationProblem} tells of. `left-out`: the database has migrations of an application, and no project was
 *  given. `unreadable`: the role may not read the ledger, so that nobody knows what was edited. All but `pending` and
 *  `unreadable` stop every run. */
export type MigrationProblemKind =
  | 'pending'
  | 'edited'
  | 'missing'
  | 'renamed'
  | 'out-of-order'
  | 'left-out'
  | 'unreadable'

/** A migration that is not as it should be. */
export interface MigrationProblem {
  readonly kind: MigrationProblemKind
  readonly source: MigrationSource['name']
  /** The file's name without its ending; of a renamed one, the name under which it was applied; of what is left out or
   *  unreadable, the table. */
  readonly name: string
  /** Of a renamed one, the name that its file has now. */
  readonly newName?: string
  readonly message: string
  /** What to do about it. */
  readonly advice: string
}

/** Compares the files with what is applied. */
export function compare(state: MigrationState): readonly MigrationProblem[] {
  const { applied, pending } = state
  const renamed = new Map(applied.flatMap((each) => renamedTo(each, pending)))
  const newNames = new Set(renamed.values())
  return [
    ...applied.flatMap((each) => problemOf(each, renamed)),
    ...pending.filter((file) => !newNames.has(file)).flatMap((file) => outOfOrder(file, applied, renamed)),
  ]
}

/** Tells of a ledger that the role may not read. */
export function ledgerProblems({ ledger }: MigrationState): readonly MigrationProblem[] {
  if (!ledger.hasLedger || ledger.mayRead) return []
  const message = `the role may not read ${LEDGER_TABLE}, so nobody can tell what was edited or renamed`
  const advice = `as its owner: \`GRANT USAGE ON SCHEMA ${LEDGER_SCHEMA} TO PUBLIC; GRANT SELECT ON ${LEDGER_TABLE} TO PUBLIC\``
  return [{ kind: 'unreadable', source: 'ashlar', name: LEDGER_TABLE, message, advice }]
}

/** Lists what is pending as problems. */
export function pendingProblems({ pending }: MigrationState): readonly MigrationProblem[] {
  return pending.map(({ source, name, file }) => ({
    kind: 'pending',
    source: source.name,
    name,
    message: `${file} is not applied`,
    advice: 'apply it: `ashlar migrate up`',
  }))
}

/** Refuses problems.
 *  @throws {MigrationError} with all of them */
export function refuseProblems(problems: readonly MigrationProblem[], files: readonly MigrationFile[]): void {
  const [first] = problems
  if (first === undefined) return
  const lines = problems.map(({ message, advice }) => `${message}: ${advice}`)
  const message =
    lines.length === 1
      ? `${lines[0]}; nothing was run`
      : `${lines.length} problems, and nothing was run:\n  ${lines.join('\n  ')}`
  const file = files.find(({ source, name }) => source.name === first.source && name === first.name)?.file
  throw new MigrationError(message, { file: file ?? `${first.name}.sql` })
}

/** Tells whether all that is wrong is that the database has migrations newer than any file: another version of the
 *  program applied them. */
export function isOnlyNewer(problems: readonly MigrationProblem[], { files, pending }: MigrationState): boolean {
  const isNewer = ({ kind, source, name }: MigrationProblem): boolean =>
    kind === 'missing' && files.every((file) => file.source.name !== source || file.name < name)
  return pending.length === 0 && problems.every(isNewer)
}

function renamedTo(each: AppliedMigration, pending: readonly MigrationFile[]): [AppliedMigration, MigrationFile][] {
  const { file, checksum, source } = each
  if (file !== null || checksum === null) return []
  const found = pending.find((other) => other.source.table === source.table && other.checksum === checksum)
  return found === undefined ? [] : [[each, found]]
}

function problemOf(each: AppliedMigration, renamed: ReadonlyMap<AppliedMigration, MigrationFile>): MigrationProblem[] {
  const { file, checksum, name } = each
  const source = each.source.name
  const newFile = renamed.get(each)
  if (newFile !== undefined) {
    const message = `${name} was applied, and its file is now named ${newFile.file}`
    const advice = `name it ${name} again or, if the new name is meant, \`ashlar migrate unstamp ${source}/${name}\` and then \`ashlar migrate stamp ${source}/${newFile.name}\``
    return [{ kind: 'renamed', source, name, newName: newFile.name, message, advice }]
  }
  if (file === null) {
    const message = `${name} is applied, and there is no such file`
    const advice = `bring ${name}.sql back from version control, update to the version that applied it or, if it is gone for good, \`ashlar migrate unstamp ${source}/${name}\`, which forgets it and reverts nothing`
    return [{ kind: 'missing', source, name, message, advice }]
  }
  if (checksum === null || checksum === file.checksum) return []
  const message = `${file.file} was edited after it was applied`
  const advice = `undo the edit and write a new migration or, if the database is as the file says, \`ashlar migrate stamp ${source}/${name}\``
  return [{ kind: 'edited', source, name, message, advice }]
}

function outOfOrder(
  { source, name, file }: MigrationFile,
  applied: readonly AppliedMigration[],
  renamed: ReadonlyMap<AppliedMigration, MigrationFile>,
): MigrationProblem[] {
  const later = applied.filter((each) => each.source.table === source.table && !renamed.has(each) && each.name > name)
  const [first] = later
  if (first === undefined) return []
  return [
    {
      kind: 'out-of-order',
      source: source.name,
      name,
      message: `${file} is not applied, and comes before ${first.name}, which is`,
      advice: `give it a number after ${later
        .map((each) => each.name)
        .sort()
        .at(-1)}`,
    },
  ]
}
