/** What the runner's functions take and give. */

import { defaults } from '../config.js'
import type { LockRetry } from './lock-retry.js'
import type { Direction } from './sections.js'
import type { Extent } from './selection.js'
import { type MigrationSource, ownSource } from './source.js'
import type { MigrationName } from './status.js'

/** One migration of a run. */
export interface MigrationMove extends MigrationName {
  readonly direction: Direction
}

/** One migration that was run. */
export interface MigrationStep extends MigrationMove {
  /** How long its statements ran; 0 where it was only recorded. */
  readonly durationMs: number
}

/** What {@link migrateUp} and its like take beside the server. */
export interface MigrateOptions extends Extent {
  /** Default: ashlar's own migrations. */
  readonly sources?: readonly MigrationSource[]
  /** Called before each migration. */
  readonly onMigration?: (name: string, move: MigrationMove) => void
  /** Called when a statement did not get its lock, before the migrations of its transaction are tried again. */
  readonly onLockRetry?: (retry: LockRetry) => void
  /** Told what was done beside the migrations, such as dropping an invalid index that a failure left. */
  readonly onNotice?: (text: string) => void
  /** Longest time to make the connection, in ms. Default 5,000. */
  readonly connectTimeoutMs?: number
  /** Longest wait for another runner to finish, in ms. null: no limit. Default 60,000. */
  readonly lockTimeoutMs?: number | null
  /** Longest wait of a statement for a lock, in ms: as long, all others wait behind it. Then all of its transaction is
   *  undone and tried again. Default 100. */
  readonly statementLockTimeoutMs?: number
  /** For how long it is tried again, in ms. null: no limit. Default 60,000. */
  readonly lockRetryMs?: number | null
  /** Whether a database with newer migrations than the files, and nothing pending, is taken as it is: that of a newer
   *  version, while this one is being replaced. Default false: refused. */
  readonly acceptsNewer?: boolean
  /** Whether a database that has migrations of an application is refused where the sources are ashlar's alone. Default
   *  false: they alone are meant. To revert ashlar's is refused in any case. */
  readonly expectsProject?: boolean
}

/** {@link MigrateOptions} with its defaults. */
export type RunOptions = MigrateOptions & Required<Pick<MigrateOptions, 'sources' | keyof typeof defaults.migration>>

/** Fills in the defaults. */
export function withDefaults(options: MigrateOptions): RunOptions {
  return { sources: [ownSource], ...defaults.migration, ...options }
}
