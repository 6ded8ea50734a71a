import pc from 'picocolors'
import { snapshotSchema } from '../review/schema-snapshot.js'
import type { Context } from './context.js'
import { printJson, printLine } from './output.js'

/** Writes a project's schema.sql and docs/schema.md, or, with `check`, proves that the committed ones are current.
 *  @throws {Error} when one is not */
export async function schema({ isJson }: Context, project: string, check: boolean): Promise<void> {
  const files = await snapshotSchema(project, { check })
  const changed = files.filter(({ isCurrent }) => !isCurrent).map(({ path }) => path)
  if (check && changed.length > 0) {
    const are = changed.length === 1 ? 'is' : 'are'
    throw new Error(
      `${changed.join(' and ')} ${are} not what the migrations yield; run \`ashlar schema\` and commit what it writes`,
    )
  }
  if (isJson) {
    printJson({ changed: changed.length > 0, files: changed })
    return
  }
  for (const { path, isCurrent } of files) printLine(isCurrent ? `${path}: current` : `${pc.green('wrote')} ${path}`)
}
