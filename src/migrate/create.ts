/** New migrations: the next number of a folder, and a text that no runner applies before it is filled in. */

import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MigrationError, ValidationError } from '../errors.js'

/** What {@link createMigration} takes beside the folder. */
export interface CreateOptions {
  /** What it is about, in snake_case: `add_incident`. */
  readonly name: string
  /** Whether its steps run within a transaction. false: a `.mjs` file, for CREATE INDEX CONCURRENTLY. */
  readonly isTransaction: boolean
}

/** Two that are made at once may take the same number: who sees that takes another, and is never unlucky so often. */
const MOST_ATTEMPTS = 50
const LONGEST_PAUSE_MS = 40
/** Of the longest name with its number; file systems allow 255 bytes, and a reader's window less. */
const MAX_NAME = 100

/** Writes a new migration, which is refused until it is filled in, and gives the file's name. Makes the folder when it is
 *  missing, overwrites nothing, and shares its number with no other file, also when several are made at once.
 *  @throws {ValidationError} when the name is not in snake_case or too long
 *  @throws {MigrationError} when a migration has that name, the folder cannot be written to, or there is no number left */
export async function createMigration(folder: string, { name, isTransaction }: CreateOptions): Promise<string> {
  checkName(name)
  const text = isTransaction ? sqlTemplate : mjsTemplate
  try {
    await mkdir(folder, { recursive: true })
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      const files = await readdir(folder)
      refuseTwin(files, name)
      const number = nextNumber(folder, files)
      const file = `${number}_${name}.${isTransaction ? 'sql' : 'mjs'}`
      if (await writeAlone(folder, file, number, text)) return file
      await sleep(Math.random() * LONGEST_PAUSE_MS)
    }
  } catch (error) {
    if (error instanceof MigrationError) throw error
    throw new MigrationError(`the migrations folder ${folder} cannot be written to (${codeOf(error)})`)
  }
  throw new MigrationError(`others keep making migrations in ${folder}: try again`)
}

/** Writes the file unless its number is taken. Two that write at once may both step back, and never both stay: the later
 *  one sees the other. */
async function writeAlone(folder: string, file: string, number: string, text: string): Promise<boolean> {
  const path = join(folder, file)
  try {
    await writeFile(path, text, { flag: 'wx' })
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
  const isTwin = (other: string): boolean => other.startsWith(`${number}_`) || nameOf(other) === nameOf(file)
  const twins = (await readdir(folder)).filter((other) => other !== file && isTwin(other))
  if (twins.length === 0) return true
  await rm(path)
  return false
}

/** @throws {MigrationError} when a migration has the name: two of one name are taken for each other */
function refuseTwin(files: readonly string[], name: string): void {
  const twin = files.find((file) => nameOf(file) === name)
  if (twin !== undefined) throw new MigrationError(`${twin} has this name already: take another one`, { file: twin })
}

/** Gives the name of a migration without number and ending; null for another file. */
function nameOf(file: string): string | null {
  return /^\d{4}_(.*)\.(?:sql|mjs)$/.exec(file)?.[1] ?? null
}

function nextNumber(folder: string, files: readonly string[]): string {
  const numbers = files.map((file) => Number(/^(\d{4})_/.exec(file)?.[1] ?? 0))
  const next = Math.max(0, ...numbers) + 1
  if (next <= 9_999) return String(next).padStart(4, '0')
  throw new MigrationError(`${folder} has a migration 9999: there is no number left`)
}

function checkName(name: string): void {
  if (/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name) && name.length <= MAX_NAME) return
  const message = `must be at most ${MAX_NAME} characters in snake_case, without number and ending, such as add_incident`
  throw new ValidationError('migrate create', [{ path: 'name', message }])
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}

/** Comments alone: both runners' checks find the sections empty. */
const sqlTemplate = `-- Up Migration
-- Why: . Locks: . Old code: .
--
-- For the review; take these lines out when it is done:
-- * Does the code that runs now work before and after it? Add first, and drop when no release uses it any more
--   (\`ashlar verify\` proves it).
-- * Which locks, for how long? ALTER TABLE waits for all who use the table, and whoever comes later waits behind it.
-- * A constraint of a big table: ADD CONSTRAINT ... NOT VALID here, VALIDATE CONSTRAINT in the next migration.
-- * An index of a big table: CONCURRENTLY, in a file of its own: \`ashlar migrate create NAME --no-transaction\`.
-- * Constraints and indexes have names: <table>_<column>_key, _fkey, _check, _idx.

-- Down Migration
-- Undoes all of the above. Where that cannot be done: DO $$ BEGIN RAISE EXCEPTION 'why not'; END $$;
`

/** Its placeholders are no SQL: it is refused before anything of it runs. */
const mjsTemplate = `// Why: . Locks: SHARE UPDATE EXCLUSIVE, which reads and writes do not wait for. Old code: .
//
// For the review; take these lines out when it is done:
// * Each step runs by itself, outside a transaction: what is done stays done when the next one fails. Every step can be
//   run again: an index that was left invalid is dropped first.
// * One index a file. It waits for all transactions that are older than itself.
// * A unique index fails on duplicates, and is left invalid: look for them first.

export const up = (pgm) => {
  pgm.noTransaction()
  pgm.sql('DROP INDEX CONCURRENTLY IF EXISTS <schema>.<table>_<column>_idx')
  pgm.sql('CREATE INDEX CONCURRENTLY <table>_<column>_idx ON <schema>.<table> (<column>)')
}

export const down = (pgm) => {
  pgm.noTransaction()
  pgm.sql('DROP INDEX CONCURRENTLY IF EXISTS <schema>.<table>_<column>_idx')
}
`
