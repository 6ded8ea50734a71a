/** What a user would ask of imported packages. */

import type { ProjectContextListOptions } from '../../agent/project-context-list.js'
import type { ProjectContext } from '../../agent/project-context-row.js'
import type { Database } from '../../database.js'
import type { Page } from '../../engine/page.js'
import { observe } from './observer.js'

/** A question with its answer and what it took. */
export interface Answer {
  readonly question: string
  readonly queries: readonly string[]
  readonly rows: number
  readonly ms: number
  readonly indexes: readonly string[]
  readonly indexesAtScale: readonly string[]
  /** The first few names, or what was counted. */
  readonly found: readonly string[]
}

/** Rows a page when the tour walks through all. */
const PAGE = 100
/** Names shown for each answer. */
const SHOWN = 5

/** Asks everything in order. `popular` is a package that others depend on. */
export async function askQuestions(db: Database, popular: string): Promise<Answer[]> {
  return [
    await askList(db, `depend on ${popular}`, { dependsOn: popular }),
    await askList(db, 'have executables and are ESM', { codebase: { moduleKind: 'esm', features: ['executables'] } }),
    await askList(db, 'written mostly in TypeScript', { language: 'TypeScript' }),
    await askList(db, 'tagged cli or terminal', { techAny: ['cli', 'terminal'] }),
    await askList(db, 'tagged ast and parser', { techAll: ['ast', 'parser'] }),
    await askList(db, 'largest by code', { sort: 'largest', limit: SHOWN }),
    await askPages(db),
  ]
}

async function askList(db: Database, question: string, options: ProjectContextListOptions): Promise<Answer> {
  const { result, ...cost } = await observe(db, ({ projectContexts }) =>
    projectContexts.list({ withTotal: true, ...options }),
  )
  const names = result.items
    .slice(0, SHOWN)
    .map(({ name, codebase }) => (options.sort === 'largest' ? `${name} (${megabytes(codebase.bytes)})` : name))
  const more = (result.total ?? 0) - names.length
  return { question, ...cost, rows: result.items.length, found: more > 0 ? [...names, `... ${more} more`] : names }
}

function megabytes(bytes = 0): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}

/** Walks all pages by name to the end, and one page back. */
async function askPages(db: Database): Promise<Answer> {
  const seen = new Set<string>()
  let pages = 0
  const { result, ...cost } = await observe(db, async ({ projectContexts }) => {
    const options = { sort: 'name', limit: PAGE } as const
    let page: Page<ProjectContext> = await projectContexts.list(options)
    for (;;) {
      pages += 1
      for (const { name } of page.items) seen.add(name)
      if (page.next === null) break
      page = await projectContexts.list({ ...options, cursor: page.next })
    }
    return page.previous === null ? page : projectContexts.list({ ...options, cursor: page.previous })
  })
  const found = [`${pages} pages forward`, `back to ${result.items[0]?.name ?? 'the start'}`]
  return { question: 'all by name, page by page', ...cost, rows: seen.size, found }
}
