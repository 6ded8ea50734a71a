/** What a backup and a restore take, and what they give. */

/** What {@link backup} and {@link restore} share. */
interface SharedOptions {
  /** As of `connect`. Default: the environment's. */
  readonly url?: string
  /** Folder of pg_dump, pg_restore and psql. Default: the environment's ASHLAR_PG_BIN, then PATH. */
  readonly binFolder?: string
  /** Told, in words, of each step before it begins. */
  readonly onStep?: (step: string) => void
}

/** How a backup is made. */
export interface BackupOptions extends SharedOptions {
  /** Replaces a file that is there. Default false. */
  readonly force?: boolean
}

/** How a backup is restored. */
export interface RestoreOptions extends SharedOptions {
  /** Drops what the database holds, in the same transaction. Default false: a database that holds anything is refused. */
  readonly replace?: boolean
  /** Gives objects the owners and privileges that they had; these roles must be there. Default false: everything belongs to
   *  the database's owner. An embedded server has one role. */
  readonly owners?: boolean
  /** Takes a file without a checksum, of plain pg_dump. Default false. */
  readonly unsealed?: boolean
}

/** What became of a backup. */
export interface BackupResult {
  readonly file: string
  readonly bytes: number
  /** `dump`: an archive of pg_dump; `folder`: an embedded server's data. */
  readonly kind: 'dump' | 'folder'
  /** Partitions and the tables that they are of counted one by one. */
  readonly tables: number
  /** Of all tables; null of a folder, where they are not read. */
  readonly rows: number | null
  /** The server's. */
  readonly postgresVersion: string
  readonly durationMs: number
}

/** What became of a restore. */
export interface RestoreResult extends BackupResult {
  /** What `replace` dropped, as `schema agent`; empty of a folder. */
  readonly dropped: readonly string[]
  /** ashlar's migrations, as they stand now; and how many of an application are applied, null when it has no list. */
  readonly migrations: {
    readonly applied: number
    readonly pending: readonly string[]
    readonly missing: readonly string[]
    readonly project: number | null
  }
}

/** What a step needs beside the file. */
export interface Task {
  readonly file: string
  readonly onStep: (step: string) => void
}
