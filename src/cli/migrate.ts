import pc from 'picocolors'
import { resolveConfig } from '../config.js'
import { reach } from '../database.js'
import { migrateDown, migrateUp } from '../migrate/runner.js'
import { migrationStatus } from '../migrate/status.js'
import { withDatabase } from './connection.js'
import type { Context } from './context.js'
import { printJson, printLine, printNote } from './output.js'

/** Applies or reverts migrations, or shows where the database stands. */
export async function migrate(context: Context, action: 'up' | 'down' | 'status', count?: number): Promise<void> {
  if (action === 'status') await showStatus(context)
  else await move(context, action, count)
}

async function move({ url, isJson }: Context, direction: 'up' | 'down', count: number | undefined): Promise<void> {
  const { server, stop } = await reach(resolveConfig(url === undefined ? {} : { url }).target)
  try {
    const run = direction === 'up' ? migrateUp : migrateDown
    const names = await run(server, {
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
