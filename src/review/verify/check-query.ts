/** Checks one query of a release on the schema that it is to meet. */

import type { Client } from 'pg'
import { Query } from '../../engine/query.js'
import { DataAccessError } from '../../errors.js'
import type { Volatility } from '../../generate/catalogue.js'
import type { ManifestQuery } from '../../generate/manifest-file.js'
import { type PreparedVariants, prepareVariants } from '../../generate/prepare.js'
import { isRead } from '../../generate/read-mark.js'
import type { SchemaFacts } from '../../generate/schema-facts.js'
import type { SourceQuery } from '../../generate/source-query.js'
import { variantsOf } from '../../generate/variants.js'
import { checkColumns } from './columns.js'
import type { Suspicion } from './finding.js'
import { checkParameters } from './parameters.js'
import type { Place } from './places.js'
import { refusesConflictTarget } from './plan.js'
import { type ColumnChange, type SchemaChanges, wordsOf } from './schema-changes.js'
import { hasWord } from './words.js'
import { checkWrites } from './writes.js'

/** What every check shares. */
export interface CheckContext {
  readonly client: Client
  readonly parse: (text: string) => Promise<unknown>
  readonly typeName: (oid: number) => string
  readonly isNotNull: (table: number, column: number) => boolean
  readonly placeOf: (table: number, column: number) => Place | null
  readonly volatility: Volatility
  /** What the release was compiled with; empty where its manifest does not tell. */
  readonly before: SchemaFacts
  readonly now: SchemaFacts
  readonly changes: SchemaChanges
  /** Whether a trigger that runs before an INSERT names the column. */
  isFilled(table: string, column: string): boolean
}

/** What a check gives. */
interface Checked {
  /** Statements that were prepared. */
  readonly variants: number
  readonly suspicions: readonly Suspicion[]
}

/** Checks that all variants of a query prepare, take what they took and give what they gave. */
export async function checkQuery(context: CheckContext, query: ManifestQuery): Promise<Checked> {
  const source = sourceOf(query)
  let prepared: PreparedVariants
  try {
    prepared = await prepareVariants(context.client, source)
  } catch (error) {
    if (!(error instanceof DataAccessError)) throw error
    return { variants: 0, suspicions: [unprepared(context, query, error.message)] }
  }
  const { variants, whole, problems } = prepared
  const suspicions = problems.map(({ message }) => unprepared(context, query, message.replace(`${query.name}: `, '')))
  if (whole !== null) suspicions.push(...checkColumns(context, query, whole.columns))
  suspicions.push(...checkParameters(context, query, prepared.parameterTypes))
  if (problems.length === 0) {
    suspicions.push(...(await checkConflictTargets(context, query, source)))
    suspicions.push(...(await checkReadMark(context, query, variants[0]?.statement.text ?? '')))
  }
  if (query.tables.written.length > 0) suspicions.push(...(await checkWrites(context, query, variants)))
  return { variants: variants.length, suspicions }
}

/** A manifest has no line numbers: those of the statement stand for them. */
function sourceOf({ name, file, ir, parameterTypes }: ManifestQuery): SourceQuery {
  return { name, file, line: 1, ir, query: new Query(name, ir, { parameterTypes }) }
}

function unprepared(context: CheckContext, query: ManifestQuery, refusal: string): Suspicion {
  const cause = causeOf(context, query, refusal)
  return {
    rule: 'prepare',
    severity: 'breaks',
    file: query.file,
    subject: query.name,
    queries: [query.name],
    message: `does not prepare any more: ${refusal}${cause === null ? '' : `; ${cause.what}`}`,
    advice: adviceFor(cause),
    change: cause === null ? null : `${cause.table}.${cause.column}`,
    words: cause === null ? namesIn(refusal) : wordsOf(cause),
  }
}

/** The change that the server's message names, or, where it does not (it may speak another language), that the statement
 *  does. */
function causeOf({ changes }: CheckContext, query: ManifestQuery, refusal: string): ColumnChange | null {
  const used = new Set([...query.tables.read, ...query.tables.written])
  const possible = changes.columns.filter(
    ({ table, kind }) => used.has(table) && (kind === 'dropped' || kind === 'type'),
  )
  const named = possible.find(({ column }) => hasWord(refusal, column))
  return named ?? possible.find(({ column, kind }) => kind === 'dropped' && hasWord(query.ir.statement, column)) ?? null
}

function namesIn(refusal: string): readonly string[] {
  const names = [...refusal.matchAll(/"([^"]+)"|\b[a-z_]\w*\.([a-z_]\w*)\(|\bfunction (\w+)\(/g)]
  return names.map(([, quoted, qualified, plain]) => (quoted ?? qualified ?? plain ?? '').split('.').at(-1) ?? '')
}

function adviceFor(cause: ColumnChange | null): string {
  const rest = 'and take it away in the release after, when no process of the previous one runs'
  if (cause === null) return `keep what the statement needs, ${rest}`
  return cause.kind === 'type'
    ? `add a column of the new type beside it, write both, ${rest}`
    : `keep the column (when it gets another name: both, kept equal by a trigger), ${rest}`
}

async function checkConflictTargets(
  { client }: CheckContext,
  query: ManifestQuery,
  source: SourceQuery,
): Promise<readonly Suspicion[]> {
  if (!/\bon\s+conflict\b/i.test(query.ir.statement)) return []
  for (const { statement } of variantsOf(source)) {
    const refusal = await refusesConflictTarget(client, statement)
    if (refusal === null) continue
    const [, target = ''] = /\bon\s+conflict\s*(\([^)]*\))/i.exec(query.ir.statement) ?? []
    return [
      {
        rule: 'prepare',
        severity: 'breaks',
        file: query.file,
        subject: query.name,
        queries: [query.name],
        message: `cannot be planned any more: ${refusal}: ON CONFLICT ${target}`.trimEnd(),
        advice: 'keep the unique index or constraint, and drop it in the release after',
        change: query.tables.written[0] ?? null,
        words: goneRules(query.tables.written),
      },
    ]
  }
  return []
}

function goneRules(written: readonly string[]): readonly string[] {
  return written.slice(0, 1).map((table) => table.split('.').at(-1) ?? table)
}

/** A read is sent again when its connection is lost, and shares lanes with other reads. */
async function checkReadMark(
  { volatility, parse }: CheckContext,
  query: ManifestQuery,
  whole: string,
): Promise<readonly Suspicion[]> {
  if (!query.isRead) return []
  const tree = await parse(whole)
  if (isRead(tree, volatility)) return []
  const isViewOnly = isRead(tree, { ...volatility, isTable: () => true })
  return [
    {
      rule: 'read-mark',
      severity: isViewOnly ? 'notice' : 'breaks',
      file: query.file,
      subject: query.name,
      queries: [query.name],
      message: isViewOnly
        ? 'is marked as a read and reads a view now: if that changes anything, it may happen twice'
        : 'is marked as a read and calls something volatile now: it may be run twice when a connection is lost',
      advice: isViewOnly
        ? 'see that the view calls no volatile function and hides no write'
        : 'give the volatile function another name, and let the new release call it',
      change: null,
      words: query.tables.read.map((table) => table.split('.').at(-1) ?? table),
    },
  ]
}
