/** What changed between the schema that a release was compiled with and the one that it is to meet. */

import type { ColumnFacts, SchemaFacts, TableFacts } from '../../generate/schema-facts.js'

/** A column that is not as it was. */
export interface ColumnChange {
  readonly table: string
  readonly column: string
  /** `required`: an INSERT may no longer leave it out; `not-null`: it takes no NULL any more, and may still be left out;
   *  `nullable`: it may hold NULL now; `narrower`: it is of the same type and takes less; `no-default`: it is NULL now where
   *  an INSERT leaves it out. */
  readonly kind: 'dropped' | 'type' | 'nullable' | 'not-null' | 'required' | 'narrower' | 'no-default'
  /** In words. */
  readonly what: string
}

type RuleKind = 'constraint' | 'reference' | 'trigger'

/** Something new that a write must satisfy, or that runs with it. */
export interface RuleChange {
  readonly table: string
  readonly kind: RuleKind
  readonly name: string
  readonly definition: string
  readonly isNew: boolean
}

/** An enum whose values changed. */
export interface EnumChange {
  readonly type: string
  readonly removed: readonly string[]
  readonly added: readonly string[]
}

/** All that changed of what a release relies on. What was added and concerns nobody is left out. */
export interface SchemaChanges {
  readonly columns: readonly ColumnChange[]
  readonly rules: readonly RuleChange[]
  readonly enums: readonly EnumChange[]
}

/** Names that a migration which makes the change has, the most telling first. */
export function wordsOf({ table, column }: ColumnChange): readonly string[] {
  return [column, table.split('.').at(-1) ?? table]
}

/** Compares the facts of a release with those of the schema that it is to meet. A table or an enum that is gone is left
 *  out but for its columns: preparing tells of it. */
export function schemaChanges(before: SchemaFacts, now: SchemaFacts): SchemaChanges {
  const tables = Object.entries(before.tables).map(
    ([table, was]): readonly [string, TableFacts, TableFacts | undefined] => [table, was, now.tables[table]],
  )
  return {
    columns: tables.flatMap(([table, was, is]) => columnChanges(table, was.columns, is?.columns)),
    rules: tables.flatMap(([table, was, is]) =>
      is === undefined
        ? []
        : [
            ...ruleChanges(table, 'constraint', was.constraints, is.constraints),
            ...(was.references === undefined
              ? []
              : ruleChanges(table, 'reference', was.references, is.references ?? {})),
            ...ruleChanges(table, 'trigger', was.triggers, is.triggers),
          ],
    ),
    enums: Object.entries(before.enums).flatMap(([type, was]) => {
      const is = now.enums[type]
      if (is === undefined) return []
      const removed = was.filter((label) => !is.includes(label))
      const added = is.filter((label) => !was.includes(label))
      return removed.length + added.length === 0 ? [] : [{ type, removed, added }]
    }),
  }
}

function columnChanges(
  table: string,
  before: Readonly<Record<string, ColumnFacts>>,
  now: Readonly<Record<string, ColumnFacts>> = {},
): readonly ColumnChange[] {
  const changes: ColumnChange[] = []
  const isTableGone = Object.keys(now).length === 0
  for (const [column, was] of Object.entries(before)) {
    const is = now[column]
    const name = `${table}.${column}`
    const add = (kind: ColumnChange['kind'], what: string) => changes.push({ table, column, kind, what })
    if (is === undefined) {
      add('dropped', isTableGone ? `${table} is gone` : `${name} is gone${successor(was, before, now)}`)
      continue
    }
    if (is.type !== was.type) add('type', `${name} was ${was.type} and is ${is.type}`)
    if (isNarrower(was.limit, is.limit)) {
      add('narrower', `${name} was ${was.limit ?? was.type} and is ${is.limit}`)
    }
    if (was.hasDefault && !is.hasDefault && !is.isNotNull) add('no-default', `${name} has no default any more`)
    if (was.isNotNull && !is.isNotNull) add('nullable', `${name} may be NULL now`)
    if (isRequired(is) && !isRequired(was)) {
      add('required', was.isNotNull ? `${name} has no default any more` : `${name} is NOT NULL now, without default`)
    } else if (is.isNotNull && !was.isNotNull) add('not-null', `${name} is NOT NULL now`)
  }
  for (const [column, is] of Object.entries(now)) {
    if (before[column] === undefined && isRequired(is)) {
      const what = `${table}.${column} is new, NOT NULL and without default`
      changes.push({ table, column, kind: 'required', what })
    }
  }
  return changes
}

/** A `numeric` has digits before and behind the point; of others one number tells. */
function isNarrower(was: string | undefined, is: string | undefined): boolean {
  if (is === undefined || is === was) return false
  const [before, now] = [was, is].map((limit) =>
    /\((\d+)(?:,(-?\d+))?\)/
      .exec(limit ?? '')
      ?.slice(1)
      .map(Number),
  )
  if (before === undefined || now === undefined) return true
  const [[size = 0, scale = 0], [sizeNow = 0, scaleNow = 0]] = [before, now].map((pair) => pair.map((n) => n || 0)) as [
    number[],
    number[],
  ]
  return sizeNow - scaleNow < size - scale || scaleNow < scale
}

function isRequired({ isNotNull, hasDefault }: ColumnFacts): boolean {
  return isNotNull && !hasDefault
}

/** Where one column of its type, and only one, is new, it may be the same under another name. */
function successor(
  was: ColumnFacts,
  before: Readonly<Record<string, ColumnFacts>>,
  now: Readonly<Record<string, ColumnFacts>>,
): string {
  const fresh = Object.entries(now).filter(([name, { type }]) => before[name] === undefined && type === was.type)
  const [only] = fresh
  return fresh.length === 1 && only !== undefined ? ` (renamed to ${only[0]}?)` : ''
}

function ruleChanges(
  table: string,
  kind: RuleChange['kind'],
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): readonly RuleChange[] {
  // A constraint that has another name and says the same is no change.
  const withoutName = ([name, definition]: readonly [string, string]): string => definition.replaceAll(name, '')
  const known = new Set(Object.entries(before).map(withoutName))
  return Object.entries(now)
    .filter((rule) => !known.has(withoutName(rule)))
    .map(([name, definition]) => ({ table, kind, name, definition, isNew: before[name] === undefined }))
}
