import pc from 'picocolors'
import { generate } from '../generate/generate.js'
import type { Context } from './context.js'
import { counted, printJson, printLine } from './output.js'

/** Compiles a project's SQL to typed queries, or, with `check`, proves that the committed ones are current. */
export async function generateQueries({ isJson }: Context, project: string, check: boolean): Promise<void> {
  const report = await generate({ project, check })
  if (isJson) {
    printJson(report)
    return
  }
  const { files, queries, variants, reads, changed } = report
  for (const path of changed) printLine(`${pc.green('wrote')} ${path}`)
  printLine(
    `${counted(queries, 'query', 'queries')} in ${counted(files, 'file')} (${counted(reads, 'read')}), ${counted(variants, 'variant')} prepared: ${check ? 'current' : 'done'}`,
  )
}
