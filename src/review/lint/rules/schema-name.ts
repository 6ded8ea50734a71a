import type { Section } from '../migration.js'
import { nodesOf } from '../migration.js'
import { changesOf } from '../objects.js'
import type { Hit, LintRule } from '../rule.js'

const OWN_NAME = new Set(['type', 'function', 'sequence'])

/** What a statement makes and touches does not depend on the search path. */
export const schemaName: LintRule = {
  name: 'schema-name',
  asks: 'tables, views, types and functions are named with their schema, in both sections',
  check: ({ up, down }) => [
    ...tablesWithout(up),
    ...objectsWithout(up),
    ...tablesWithout(down),
    ...objectsWithout(down),
  ],
}

function tablesWithout(section: Section): readonly Hit[] {
  const temporary = temporaryIn(section)
  return section.statements.flatMap(({ tree, line }) => {
    const expressions = new Set(nodesOf(tree, ['CommonTableExpr']).map(({ node }) => node.ctename))
    // A new table or view is a RangeVar without that key.
    const own = Object.values(tree).flatMap((body) => {
      const { relation, view, into, sequence, table } = body as Record<string, unknown>
      return [relation, view, (into as { rel?: unknown } | undefined)?.rel, sequence, table]
    })
    const named = [
      ...own.filter((node) => typeof node === 'object' && node !== null && 'relname' in node),
      ...nodesOf(tree, ['RangeVar', 'pktable']).map(({ node }) => node),
    ] as readonly {
      readonly schemaname?: string
      readonly relname?: string
      readonly location?: number
    }[]
    return named.flatMap(({ schemaname, relname = '', location }) =>
      schemaname !== undefined || temporary.has(relname) || expressions.has(relname)
        ? []
        : [hit(location === undefined ? line : section.lineAt(location), relname)],
    )
  })
}

/** The names of tables that go with the session, which no schema's name may lead. */
function temporaryIn({ statements }: Section): ReadonlySet<unknown> {
  const made = nodesOf(
    statements.map(({ tree }) => tree),
    ['relation', 'rel'],
  )
  return new Set(made.filter(({ node }) => node.relpersistence === 't').map(({ node }) => node.relname))
}

function objectsWithout(section: Section): readonly Hit[] {
  const temporary = temporaryIn(section)
  return changesOf(section).flatMap(({ does, object: { kind, name, line } }) => {
    const hasNone = !name.includes('.')
    if (does === 'make') return OWN_NAME.has(kind) && kind !== 'sequence' && hasNone ? [hit(line, name)] : []
    const isDropped = OWN_NAME.has(kind) || kind === 'table' || kind === 'view' || kind === 'index'
    return isDropped && hasNone && !temporary.has(name) ? [hit(line, name)] : []
  })
}

function hit(line: number, name: string): Hit {
  return {
    line,
    subject: name,
    message: 'has no schema: which one it is depends on the search_path of whoever deploys',
    advice: `name it with its schema, such as shop.${name}`,
  }
}
