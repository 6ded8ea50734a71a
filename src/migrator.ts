/** `createMigrator()`: what `ashlar migrate` does, for programs. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, type ConnectOptions, resolveConfig, type ServerTarget } from './config.js'
import { connect, reach } from './database.js'
import type { Executor } from './engine/executor.js'
import { findWriter } from './engine/hosts/find-writer.js'
import { ConfigError } from './errors.js'
import type { MigrationProblem } from './migrate/comparison.js'
import type { MigrateOptions, MigrationStep } from './migrate/options.js'
import type { MigrationOverview } from './migrate/overview.js'
import type { PlannedMigration } from './migrate/runner.js'
import type { Direction } from './migrate/sections.js'
import type { Extent } from './migrate/selection.js'
import type { MigrationSource } from './migrate/source.js'
import type { StampExtent, UnstampExtent } from './migrate/stamp.js'
import type { MigrationEvent } from './migrate/status.js'

/** Where to migrate, and how patiently. What is not given here comes from the environment, as for {@link connect}. */
export interface MigratorOptions
  extends Pick<
      ConnectOptions,
      'url' | 'host' | 'port' | 'user' | 'password' | 'database' | 'sslmode' | 'sslrootcert' | 'sslcert' | 'sslkey'
    >,
    Patience {
  /** The folder of the application, with `migrations/`. null: ashlar's migrations alone, also where the database has some of
   *  an application, which is refused without it. */
  readonly project?: string | null
}

type TimeName = 'lockTimeoutMs' | 'statementLockTimeoutMs' | 'lockRetryMs'
type Patience = Pick<MigrateOptions, TimeName | 'onMigration' | 'onLockRetry' | 'onNotice'>

const DAY_MS = 86_400_000

/** Applies and reverts migrations, ashlar's and then those of the application. Each call has a connection of its own, which
 *  is closed when it settles; nothing is to be closed behind a migrator. Runners of any kind wait for each other. */
export interface Migrator {
  /** Applies pending migrations, all unless `count` or `to` says otherwise. Those in `.sql` files that follow each other are
   *  one transaction.
   *  @throws {MigrationError} when a file is malformed, something that is applied was edited, is missing, renamed or out of
   *    order, a statement fails, or another runner or a lock does not let go; says what of the run is kept */
  up(extent?: Extent): Promise<readonly MigrationStep[]>
  /** Reverts the latest migrations, one unless `count` or `to` (which stays) says otherwise; the application's before
   *  ashlar's.
   *  @throws {MigrationError} as {@link Migrator.up} */
  down(extent?: Extent): Promise<readonly MigrationStep[]>
  /** Reverts the latest migrations, one unless told otherwise, and applies them again.
   *  @throws {MigrationError} as {@link Migrator.up} */
  redo(extent?: Extent): Promise<readonly MigrationStep[]>
  /** Tells what is applied, what is pending, and what is wrong. Changes nothing. */
  status(): Promise<MigrationOverview>
  /** Lists what was applied, reverted and recorded, the oldest first. Changes nothing. */
  history(): Promise<readonly MigrationEvent[]>
  /** Lists what is pending, edited, missing, renamed or out of order, left out or unreadable; nothing: the database is as the files say. */
  check(): Promise<readonly MigrationProblem[]>
  /** Records migrations as applied without running them, for a database that has them by other means: those of `names`, of
   *  which it takes the present text where they were edited; all that are pending up to `to`; or, with `all: true`, all
   *  that are pending.
   *  @throws {MigrationError} when what is meant was renamed or is missing or, with `to` and `all`, was edited; when the role
   *    may not, or another runner does not let go */
  stamp(extent: StampExtent): Promise<readonly MigrationStep[]>
  /** Takes migrations out of the records, also those that have no file any more, and runs nothing. They are pending then.
   *  @throws {MigrationError} when the role may not, or another runner does not let go */
  unstamp(extent: UnstampExtent): Promise<readonly MigrationStep[]>
  /** Gives the SQL that `up`, `down` or `redo` would run. Changes nothing. */
  plan(action: Direction | 'redo', extent?: Extent): Promise<readonly PlannedMigration[]>
}

/** Makes a migrator. Nothing is connected to before the first call.
 *  @param options a URL, or options
 *  @throws {ConfigError} when an option or environment variable cannot be used */
export function createMigrator(options: MigratorOptions | string = {}): Migrator {
  const given = typeof options === 'string' ? { url: options } : options
  const { lockTimeoutMs, statementLockTimeoutMs, lockRetryMs, onMigration, onLockRetry, onNotice, project, ...server } =
    given
  const config = resolveConfig(project === undefined || project === null ? server : { ...server, project })
  const expectsProject = project === undefined
  const patience = {
    ...checkTimes({ lockTimeoutMs, statementLockTimeoutMs, lockRetryMs }),
    ...checkHooks({ onMigration, onLockRetry, onNotice }),
  }
  // Whoever imports ashlar and does not migrate loads nothing of it.
  const sourcesNow = async () => (await import('./migrate/source.js')).sourcesOf(config.project)
  const write = async <T>(mayMake: boolean, extent: Extent | undefined, work: Work<T>): Promise<T> => {
    const { connectTimeoutMs } = config.pool
    const options = { connectTimeoutMs, ...patience, ...extent, expectsProject, sources: await sourcesNow() }
    return writing(config, mayMake, (target) => work(target, options))
  }
  const read = async <T>(work: (db: Executor, sources: readonly MigrationSource[]) => Promise<T>): Promise<T> => {
    const sources = await sourcesNow()
    return reading(config, server, (db) => work(db, sources))
  }
  return {
    up: async (extent) => {
      const { migrateUp } = await import('./migrate/runner.js')
      return write(true, extent, migrateUp)
    },
    down: async (extent) => {
      const { migrateDown } = await import('./migrate/runner.js')
      return write(false, extent, migrateDown)
    },
    redo: async (extent) => {
      const { migrateRedo } = await import('./migrate/runner.js')
      return write(false, extent, migrateRedo)
    },
    stamp: async (extent) => {
      const { stampMigrations } = await import('./migrate/stamp.js')
      return write(false, {}, (target, run) => stampMigrations(target, extent, run))
    },
    unstamp: async (extent) => {
      const { unstampMigrations } = await import('./migrate/stamp.js')
      return write(false, {}, (target, run) => unstampMigrations(target, extent, run))
    },
    plan: async (action, extent) => {
      const { planMigration } = await import('./migrate/runner.js')
      return write(false, extent, (target, run) => planMigration(target, action, run))
    },
    status: async () => {
      const { migrationOverview } = await import('./migrate/overview.js')
      return read((db, sources) => migrationOverview(db, sources, expectsProject))
    },
    history: async () => {
      const { migrationHistory } = await import('./migrate/status.js')
      return read(migrationHistory)
    },
    check: async () => {
      const { checkMigrations } = await import('./migrate/status.js')
      return read((db, sources) => checkMigrations(db, sources, expectsProject))
    },
  }
}

type Work<T> = (target: ServerTarget, options: MigrateOptions) => Promise<T>

/** Runs work on the server that takes writes. */
async function writing<T>(config: Config, mayMake: boolean, work: (server: ServerTarget) => Promise<T>): Promise<T> {
  if (!mayMake) refuseMissing(config.target)
  const { target, stop } = await reach(config.target)
  try {
    return await work(await findWriter(target, config))
  } finally {
    await stop()
  }
}

async function reading<T>(config: Config, options: ConnectOptions, work: (db: Executor) => Promise<T>): Promise<T> {
  refuseMissing(config.target)
  const db = await connect({ ...options, migrate: false, pool: { min: 0, max: 1 } })
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}

/** Only `up` may make a database.
 *  @throws {ConfigError} when there is none */
function refuseMissing(target: Config['target']): void {
  if (!('embeddedFolder' in target)) return
  const { embeddedFolder: folder } = target
  if (folder !== 'temp' && existsSync(join(folder, 'data'))) return
  throw new ConfigError({
    field: 'url',
    value: `embedded:${folder}, where there is no database yet`,
    limit: 'that of a database that is there (`ashlar migrate up` and `ashlar dev` make one)',
  })
}

/** @throws {ConfigError} when a time is out of its limits */
function checkTimes(times: Readonly<Record<TimeName, number | null | undefined>>): Patience {
  for (const [field, value] of givenOf(times)) {
    const isTime = Number.isInteger(value) && Number(value) >= 1 && Number(value) <= DAY_MS
    if (isTime || (value === null && field !== 'statementLockTimeoutMs')) continue
    const none = field === 'statementLockTimeoutMs' ? '' : ', or null for no limit'
    throw new ConfigError({ field, value: String(value), limit: `an integer from 1 to ${DAY_MS}${none}` })
  }
  return Object.fromEntries(givenOf(times)) as Patience
}

/** @throws {ConfigError} when one is not a function */
function checkHooks(hooks: Readonly<Record<string, unknown>>): Patience {
  for (const [field, value] of givenOf(hooks)) {
    if (typeof value !== 'function') throw new ConfigError({ field, value: `a ${typeof value}`, limit: 'a function' })
  }
  return Object.fromEntries(givenOf(hooks)) as Patience
}

function givenOf(options: Readonly<Record<string, unknown>>): readonly [string, unknown][] {
  return Object.entries(options).filter(([, value]) => value !== undefined)
}
