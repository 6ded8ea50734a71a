/** Runs an archive's SQL by psql, in one transaction. */

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { BackupError } from '../errors.js'
import { backupSql, WRONG_ROWS } from './backup-sql.js'
import { baseEnvironment, failureIn, startTool, type Tool, type ToolEnd, type ToolEnvironment } from './tool.js'

/** What is to be run. */
export interface ScriptTask {
  readonly file: string
  readonly tools: { readonly restore: Tool; readonly psql: Tool }
  /** Of psql; pg_restore connects to nothing. */
  readonly environment: ToolEnvironment
  /** Of pg_restore. */
  readonly args: readonly string[]
  /** Whether the server is older than 17, which first knows transaction_timeout. */
  readonly isOldServer: boolean
  /** SQL that begins the transaction. */
  readonly before: string
  readonly rows: ReadonlyMap<string, number>
}

const PSQL = [
  '--no-psqlrc',
  '--quiet',
  '--no-password',
  '--set=ON_ERROR_STOP=1',
  '--set=VERBOSITY=verbose',
  '--set=SHOW_CONTEXT=never',
  '--file=-',
]

/** Runs the archive's SQL, then compares the rows, then commits. COMMIT is sent only when pg_restore has come to a good end:
 *  whatever happens before, the server rolls back.
 *  @throws {BackupError} `refused`, `incomplete`; of outcome `unknown` when the connection was lost at COMMIT */
export async function runScript(task: ScriptTask): Promise<void> {
  const { file, tools, rows } = task
  const psql = startTool(tools.psql, PSQL, task.environment)
  psql.stdout.resume()
  const restore = startTool(tools.restore, task.args, baseEnvironment())
  let isWhole = false
  let isBroken = false
  async function* script(): AsyncGenerator<Buffer> {
    yield Buffer.from(task.before)
    yield* (task.isOldServer ? withoutTransactionTimeout(restore.stdout) : restore.stdout) as AsyncIterable<Buffer>
    // Without COMMIT, what psql takes for the end makes the server roll back.
    isBroken = (await restore.ended).exitCode !== 0
    if (isBroken) return
    const checks = [...rows].map(([table, count]) => backupSql.checkRows(table, count))
    isWhole = true
    yield Buffer.from(`${checks.join('')}${backupSql.commit}`, 'latin1')
  }
  // Fails when psql ends early, which then says why.
  await pipeline(Readable.from(script()), psql.stdin).catch(() => {})
  restore.stop()
  const [end, restored] = await Promise.all([psql.ended, restore.ended])
  if (isWhole && end.exitCode === 0) return
  // Whatever psql says then of a row that was cut off.
  if (isBroken || end.exitCode === 0) {
    throw new BackupError('refused', file, `pg_restore failed: ${failureIn(restored)}; the database is as it was`)
  }
  throw failed(file, end, isWhole)
}

const SETTING = 'SET transaction_timeout = 0;\n'
const PREAMBLE_BYTES = 4_096

/** Takes out the setting of pg_restore 17 that earlier servers refuse. It stands among the first lines. */
export async function* withoutTransactionTimeout(script: Readable | AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begin: Buffer | null = Buffer.alloc(0)
  for await (const chunk of script as AsyncIterable<Buffer>) {
    if (begin === null) {
      yield chunk
      continue
    }
    begin = Buffer.concat([begin, chunk])
    if (begin.length < PREAMBLE_BYTES) continue
    yield withoutSetting(begin)
    begin = null
  }
  if (begin !== null) yield withoutSetting(begin)
}

function withoutSetting(begin: Buffer): Buffer {
  const preamble = begin.subarray(0, PREAMBLE_BYTES)
  const at = preamble.indexOf(SETTING)
  return at === -1 ? begin : Buffer.concat([begin.subarray(0, at), begin.subarray(at + SETTING.length)])
}

const LOST = /connection to server was lost|server closed the connection|terminating connection/

function failed(file: string, end: ToolEnd, isWhole: boolean): BackupError {
  const [, sqlState, message = ''] = /(?:ERROR|FATAL): {1,2}([0-9A-Z]{5}): (.*)/.exec(end.stderr) ?? []
  if (isWhole && (sqlState === undefined || sqlState.startsWith('57P')) && LOST.test(end.stderr)) {
    return new BackupError(
      'refused',
      file,
      'the connection was lost at the end: it is not known whether the database was restored; `ashlar migrate status` and a look at its rows tell',
      { outcome: 'unknown' },
    )
  }
  if (sqlState === WRONG_ROWS) {
    const table = Buffer.from(message, 'utf8').toString()
    return new BackupError(
      'incomplete',
      file,
      `${table} did not get as many rows as ${file} holds; the database is as it was`,
    )
  }
  // What these say may repeat a row's value.
  const isHidden = sqlState !== undefined && (sqlState.startsWith('22') || end.stderr.includes('exec_stmt_raise'))
  const reason =
    sqlState === undefined ? failureIn(end) : isHidden ? `SQLSTATE ${sqlState}` : `${message} (SQLSTATE ${sqlState})`
  return new BackupError(
    'refused',
    file,
    `the server refused it: ${reason}${adviceOn(sqlState)}; the database is as it was`,
  )
}

const advices: Readonly<Record<string, string>> = {
  '42501': ": restore by the URL of the database's owner or of a superuser",
  '55P03': ': other sessions use these tables, stop the application first',
  '53200': ': raise max_locks_per_transaction, one transaction locks every table',
  '0A000': ': an extension that it needs is not installed on this server',
}

function adviceOn(sqlState: string | undefined): string {
  return advices[sqlState ?? ''] ?? ''
}
