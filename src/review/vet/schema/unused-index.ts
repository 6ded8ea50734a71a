/** The rule `unused-index`: each index serves a query, a constraint or a foreign key. */

import { Query } from '../../../engine/query.js'
import { sessionSql } from '../../../engine/session-sql.js'
import { readOwnManifest } from '../../../generate/manifest-file.js'
import { variantsOf } from '../../../generate/variants.js'
import { isAshlarItself } from '../../../migrate/source.js'
import type { IndexCatalogue } from '../plan/index-catalogue.js'
import { indexUsesOf } from '../plan/index-use.js'
import { indexScansOf, isTableScan, nodesOf, type Placed } from '../plan/plan-node.js'
import { type Plans, plannerOf } from '../plan/planner.js'
import { indexesOf, plannedVariants } from '../plan/unserved.js'
import type { SchemaContext, SchemaRule } from '../rule.js'
import { isOffByComment } from './comment-off.js'
import { indexPlace } from './migration-place.js'

const NAME = 'unused-index'

export const unusedIndex: SchemaRule = {
  kind: 'schema',
  name: NAME,
  why: 'No query uses an index, and it enforces nothing: every write pays for it.',
  async check(context) {
    const catalogue = await indexesOf(context.client)
    const used = await usedIndexes(context, catalogue)
    const referring = await referringColumns(context)
    const unused = catalogue.indexes.filter(
      ({ name, table, keys, isUnique, isConstraint, comment }) =>
        !used.has(name) &&
        !isUnique &&
        !isConstraint &&
        !referring.has(`${table} ${keys[0]?.column}`) &&
        !isOffByComment(comment, NAME),
    )
    return Promise.all(
      unused.map(async ({ name }) => ({
        rule: NAME,
        ...(await indexPlace(context.project.folder, name)),
        subject: name,
        message:
          'no query of the project uses this index, and no constraint or foreign key needs it: writes pay for it alone',
        advice: `DROP INDEX ${name}; or, if a query of other programs uses it, or somebody by hand, say so: COMMENT ON INDEX ${name} IS '@vet-off ${NAME}: <reason>'`,
      })),
    )
  },
}

async function usedIndexes(context: SchemaContext, catalogue: IndexCatalogue): Promise<ReadonlySet<string>> {
  const planner = plannerOf(context.client)
  const engine = Object.values(sessionSql).map(({ text }) => text)
  const texts = context.queries.flatMap((query) => plannedVariants(query).map(({ statement }) => statement.text))
  const used = new Set<string>()
  for (const text of [...engine, ...texts, ...(await ownTexts(context))]) {
    for (const name of indexesIn(await planner.plansOf(text), catalogue)) used.add(name)
  }
  return used
}

/** Those of ashlar's own queries, whose indexes are in every project's database. */
async function ownTexts({ project }: SchemaContext): Promise<readonly string[]> {
  if (isAshlarItself(project.folder)) return []
  const { queries } = await readOwnManifest()
  return queries.flatMap(({ name, file, ir }) => {
    const variants = variantsOf({ name, file, line: 1, ir, query: new Query(name, ir) })
    return plannedVariants({ variants }).map(({ statement }) => statement.text)
  })
}

function indexesIn(plans: Plans | null, catalogue: IndexCatalogue): readonly string[] {
  if (plans === null) return []
  const scans = Object.values(plans)
    .flatMap((plan) => nodesOf(plan))
    .filter(({ node }) => isTableScan(node))
  return scans.flatMap((placed) => {
    const { node } = placed
    const uses = indexUsesOf(node, catalogue)
    const found = uses.filter(({ served }) => served.length > 0).map(({ index }) => index.name)
    const walked = indexScansOf(node)
      .map((scan) => scan.node)
      .filter((scan) => scan['Index Cond'] === undefined && isOrderUsed(placed))
    const names = walked.map((scan) => catalogue.find(node.Schema ?? '', scan['Index Name'] ?? '')?.name ?? '')
    return [...found, ...names]
  })
}

const KEEPS_ORDER = /^(Subquery Scan|Nested Loop|LockRows|Result|Append|Merge Append|Memoize|Materialize|ProjectSet)$/

/** Without sequential scans an index is read also for nothing but its rows. */
function isOrderUsed({ above }: Placed): boolean {
  const user = above.find((node) => !KEEPS_ORDER.test(node['Node Type']))
  if (user === undefined) return false
  return (
    /^(Limit|Incremental Sort|Unique|Group|Merge Join|WindowAgg)$/.test(user['Node Type']) || user.Strategy === 'Sorted'
  )
}

const REFERRING = `
  SELECT DISTINCT format('%s.%s %I', nspname, relname, attname) AS key
  FROM
    pg_constraint
    JOIN pg_class ON pg_class.oid = conrelid
    JOIN pg_namespace ON pg_namespace.oid = relnamespace
    JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY(conkey)
  WHERE contype = 'f'`

/** The columns of foreign keys: an index that begins with one finds the rows that refer to a row. */
async function referringColumns({ client }: SchemaContext): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ key: string }>(REFERRING)
  return new Set(rows.map(({ key }) => key))
}
