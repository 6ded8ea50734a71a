/** Notices of what concerns several queries alike: each change once, with the queries behind it. */

import type { ManifestQuery } from '../../generate/manifest-file.js'
import type { Suspicion } from './finding.js'
import type { RuleChange, SchemaChanges } from './schema-changes.js'
import { hasWord } from './words.js'

/** Tells of constraints and triggers that writes meet now, and of enum values that reads may give now. */
export function checkRules({ rules, enums }: SchemaChanges, queries: readonly ManifestQuery[]): readonly Suspicion[] {
  const suspicions: Suspicion[] = []
  for (const { table, kind, name, definition, isNew } of rules) {
    const names = queries.filter((query) => meets(query, { table, kind, name, definition })).map((query) => query.name)
    if (names.length === 0) continue
    suspicions.push({
      rule: kind === 'reference' ? 'constraint' : kind,
      severity: 'notice',
      file: null,
      subject: `${table} ${name}`,
      queries: names,
      message: `${kind === 'trigger' ? 'a trigger' : 'a constraint'} is ${isNew ? 'new' : 'another'}, which ${listed(names)} will meet: ${definition}`,
      advice:
        kind === 'trigger'
          ? 'see that it lets through what the previous release writes'
          : 'see that the previous release writes nothing that it refuses',
      change: table,
      words: [name, table.split('.').at(-1) ?? table],
    })
  }
  for (const { type, added } of enums) {
    const names = queries
      .filter(({ columns }) => columns.some((column) => column.type.replace(/(\[\])+$/, '') === type))
      .map((query) => query.name)
    if (added.length === 0 || names.length === 0) continue
    suspicions.push({
      rule: 'enum-value',
      severity: 'notice',
      file: null,
      subject: type,
      queries: names,
      message: `has new values (${added.join(', ')}), which the types of the previous release do not know: ${listed(names)} may give them`,
      advice: 'write the new values only when no process of the previous release runs, or see that it can do with them',
      change: type,
      words: [...added.slice(0, 1), type.split('.').at(-1) ?? type],
    })
  }
  return suspicions
}

/** Row level security hides rows from reads, too; a foreign key of another table is met by what deletes. */
function meets(
  { tables, ir }: ManifestQuery,
  { table, kind, name, definition }: Pick<RuleChange, 'table' | 'kind' | 'name' | 'definition'>,
): boolean {
  if (kind === 'reference') return tables.written.includes(table) && /\bdelete\b/i.test(ir.statement)
  if (kind === 'trigger' && !eventsOf(definition).some((event) => hasWord(ir.statement.toLowerCase(), event)))
    return false
  return tables.written.includes(table) || (name === 'row level security' && tables.read.includes(table))
}

/** What a trigger or a rule runs at, as the words of statements that do it. An INSERT with ON CONFLICT DO UPDATE has both. */
function eventsOf(definition: string): readonly string[] {
  const [, events = ''] =
    /^CREATE (?:CONSTRAINT )?TRIGGER (?:"(?:[^"]|"")+"|\S+) (?:BEFORE|AFTER|INSTEAD OF) (.*?) ON /s.exec(definition) ??
    /^CREATE RULE (?:"(?:[^"]|"")+"|\S+) AS\s+ON (\w+) TO /s.exec(definition) ??
    []
  const told = EVENTS.filter((event) => hasWord(events.replace(/ OF .*?(?= OR |$)/gs, '').toLowerCase(), event))
  return told.length === 0 ? EVENTS : told.flatMap((event) => [event, ...(event === 'select' ? [] : ['merge'])])
}

const EVENTS = ['insert', 'update', 'delete', 'truncate', 'select'] as const

const MOST_NAMES = 5

function listed(names: readonly string[]): string {
  const some = names.slice(0, MOST_NAMES).join(', ')
  return names.length > MOST_NAMES ? `${some} and ${names.length - MOST_NAMES} more` : some
}
