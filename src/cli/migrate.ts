import { existsSync } from 'node:fs'
import { join } from 'node:path'
import pc from 'picocolors'
import { type Config, resolveConfig } from '../config.js'
import { reach } from '../database.js'
import { findWriter } from '../engine/hosts/find-writer.js'
import { ConfigError } from '../errors.js'
import { migrateDown, migrateUp } from '../migrate/runner.js'
import { migrationStatus } from '../migrate/status.js'
import { withDatabase } from './connection.js'
import type { Context } from './context.js'
import { printJson, printLine, printNote } from './output.js'

/** Applies or reverts migrations, or shows where the database stands. */
export async function migrate(context: Context, action: 'up' | 'down' | 'status', count?: number): Promise<void> {
  const config = resolveConfig(context.url === undefined ? {} : { url: context.url })
  // Only `up` may make a database.
  if (action !== 'up') refuseMissing(config.target)
  if (action === 'status') await showStatus(context)
  else await move(context, config, action, count)
}

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

async function move(
  { isJson }: Context,
  config: Config,
  direction: 'up' | 'down',
  count: number | undefined,
): Promise<void> {
  const { target, stop } = await reach(config.target)
  try {
    const server = await findWriter(target, config)
    const run = direction === 'up' ? migrateUp : migrateDown
    const names = await run(server, {
      connectTimeoutMs: config.pool.connectTimeoutMs,
      ...(count === undefined ? {} : { count }),
      onMigration: (name) => printNote(pc.dim(`${direction} ${name}`)),
    })
    if (isJson) printJson({ direction, migrations: names })
    else if (names.length === 0) printLine(direction === 'up' ? 'nothing is pending' : 'nothing is applied')
    else printLine(`${direction === 'up' ? 'applied' : 'reverted'} ${names.join(', ')}`)
  } finally {
    await stop()
  }
}

async function showStatus({ url, isJson }: Context): Promise<void> {
  const status = await withDatabase({ url }, (db) => migrationStatus(db))
  if (isJson) {
    printJson(status)
    return
  }
  for (const { name, appliedAt } of status.applied)
    printLine(`${pc.green('applied')}  ${name}  ${appliedAt.toISOString()}`)
  for (const name of status.pending) printLine(`${pc.yellow('pending')}  ${name}`)
  for (const name of status.missing) printLine(`${pc.red('missing')}  ${name}  (applied, but there is no such file)`)
}
