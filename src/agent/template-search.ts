/** Full-text search over templates. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { defineList, listPage } from '../engine/list-page.js'
import type { Page } from '../engine/page.js'
import { parse } from '../engine/validation.js'
import { countTemplates, type SearchTemplatesResult, searchTemplates } from '../generated/agent/template.queries.js'
import { toWhere } from './template-filter.js'
import { input } from './template-input.js'

/** What {@link search} takes beside the text. */
export type TemplateSearchOptions = Omit<z.input<typeof input.templateSearch>, 'text'>
/** A template that a search found, without its files; the better it fits, the higher its rank. */
export type FoundTemplate = SearchTemplatesResult

const found = defineList({
  query: searchTemplates,
  countQuery: countTemplates,
  toRow: (row) => row,
  idOf: (row) => row.templateId,
  sorts: {
    best: {
      after: 'best',
      before: 'worst',
      key: 'real',
      keyOf: (row) => row.rank,
      seek: (key) => ({ cursorRank: Number(key) }),
    },
  },
})

/** Searches name, tags and description, best first (name before tags before description), without files: at most `limit`
 *  (default 50, maximum 500). The text is as people type it: words in any form, `"a phrase"`, `or`, `-not`; one without
 *  words finds nothing. Takes the filters of `list` too, and pages like it.
 *  @throws {ValidationError} when the text is longer than 1,000 characters, a filter is malformed, or the cursor of
 *  another list */
export async function search(
  db: Executor,
  text: string,
  options: TemplateSearchOptions = {},
): Promise<Page<FoundTemplate>> {
  const values = parse(input.templateSearch, { ...options, text }, searchTemplates.name)
  const { cursor, limit, withTotal, ...filter } = values
  const where = { ...toWhere(filter), query: filter.text }
  return listPage(db, found, where, { sort: 'best', cursor, limit, withTotal })
}
