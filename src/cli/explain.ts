import type { ManifestQuery } from '../generate/manifest-file.js'
import { explainQuery } from '../review/explain.js'
import { withDatabase } from './connection.js'
import type { Context } from './context.js'
import { UsageError } from './failure.js'
import { printJson, printLine, printNote } from './output.js'
import type { ProjectChoice } from './project.js'
import { findQuery, queriesOf } from './queries.js'
import { idleParams, readParams } from './query-params.js'

/** Options of `ashlar explain`. */
export interface ExplainCommandOptions extends ProjectChoice {
  readonly param?: readonly string[]
  readonly generic?: true
  readonly indexed?: true
  readonly buffers?: true
  readonly analyze?: true
  readonly analyzeWrites?: true
  readonly timeoutMs?: number
}

/** Prints the plan of one query.
 *  @throws {UsageError} when there is no such query, its parameters are not right, or it would write without leave
 *  @throws {GenerateError} when the project has no manifest */
export async function explainOne(context: Context, name: string, options: ExplainCommandOptions): Promise<void> {
  const { param = [], generic = false, indexed = false, buffers = false, timeoutMs } = options
  const query = findQuery(name, await queriesOf(options))
  const analyze = options.analyze === true || options.analyzeWrites === true
  refuseContradictions(query, options)
  const values = readParams(query, param, { isGeneric: generic, advice: '; --generic plans it without values' })
  for (const idle of idleParams(query, values)) {
    printNote(`${idle} changes nothing: no line that it stands in is on (see \`ashlar queries ${query.name}\`)`)
  }
  const explanation = await withDatabase(
    { url: context.url, ...(timeoutMs === undefined ? {} : { commandTimeoutMs: timeoutMs }) },
    (db) =>
      explainQuery(db, query, values, {
        format: context.isJson ? 'json' : 'text',
        analyze,
        buffers,
        generic,
        isIndexed: indexed,
        timeoutMs: timeoutMs ?? null,
      }),
  )
  if (context.isJson) printJson({ ...explanation, isExecuted: analyze })
  else printLine((explanation.plan as readonly string[]).join('\n'))
  if (analyze && !query.isRead) printNote('rolled back; sequences stay where it moved them')
}

function refuseContradictions(query: ManifestQuery, { generic, analyze, analyzeWrites }: ExplainCommandOptions): void {
  if (generic === true && (analyze ?? analyzeWrites) === true) {
    throw new UsageError('--generic has no values to run it with: leave --analyze out')
  }
  if (analyze === true && analyzeWrites !== true && !query.isRead) {
    throw new UsageError(
      `${query.name} writes or may write: --analyze-writes runs it, takes its locks, and rolls it back`,
    )
  }
}
