/** The list of project contexts as it is usually written: one text for all filters, each switched off by NULL. */

import { Query } from '../../src/engine/query.js'
import {
  type CountProjectContextsParams,
  type ListProjectContextsResult,
  listProjectContexts,
} from '../../src/generated/agent/project_context.queries.js'

/** The filters of the list. */
export type FilterParams = CountProjectContextsParams

const conditions: Readonly<Record<keyof FilterParams, string>> = {
  owner: 'owner = :owner',
  statuses: 'status = ANY(:statuses)',
  language: 'language = :language',
  codebase: 'codebase @> :codebase',
  configuration: 'configuration @> :configuration',
  techAny: 'tech_stack && :techAny',
  techAll: 'tech_stack @> :techAll',
  dependsOn: 'dependencies @> :dependsOn',
  coverageFrom: 'coalesce(test_coverage, -1) >= :coverageFrom',
  coverageTo: 'coalesce(test_coverage, -1) BETWEEN 0 AND :coverageTo',
  updatedAfter: 'updated_at > :updatedAfter',
  updatedBefore: 'updated_at < :updatedBefore',
}

const types = listProjectContexts.parameterTypes
const columns = listProjectContexts.ir.statement.split('FROM agent.project_context')[0] ?? ''
const where = Object.entries(conditions).map(([name, condition]) => {
  const cast = types[name]?.startsWith('agent.') ? `${types[name]}` : types[name]
  return `(:${name}::${cast} IS NULL OR ${condition})`
})

/** Runs through ashlar's engine like the original, so that only the SQL differs. */
export const allFilters = new Query<FilterParams & { limit: number }, ListProjectContextsResult>(
  'listByNullOr',
  toIR(`${columns}FROM agent.project_context WHERE ${where.join(' AND ')}
ORDER BY created_at DESC, project_context_id DESC LIMIT :limit`),
  { read: true, parameterTypes: types },
)

function toIR(statement: string) {
  const params = [...Object.keys(conditions), 'limit'].map((name) => ({
    name,
    required: false,
    transform: { type: 'scalar' },
    locs: [...statement.matchAll(new RegExp(`(?<!:):${name}\\b`, 'g'))].map(({ index }) => ({
      a: index,
      b: index + name.length,
    })),
  }))
  return { statement, params }
}
