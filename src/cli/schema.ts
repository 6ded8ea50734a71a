import pc from 'picocolors'
import { snapshotSchema } from '../review/schema-snapshot.js'
import type { Context } from './context.js'
import { printJson, printLine } from './output.js'

/** Writes a project's schema.sql, or, with `check`, proves that the committed one is current.
 *  @throws {Error} when it is not */
export async function schema({ isJson }: Context, project: string, check: boolean): Promise<void> {
  const isCurrent = await snapshotSchema(project, { check })
  if (check && !isCurrent) throw new Error('schema.sql is not what the migrations yield; run `npm run schema`')
  if (isJson) printJson({ changed: !isCurrent })
  else printLine(isCurrent ? 'schema.sql: current' : `${pc.green('wrote')} schema.sql`)
}
