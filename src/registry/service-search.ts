/** Search over services. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { defineList, listPage } from '../engine/list-page.js'
import type { Page } from '../engine/page.js'
import { parse } from '../engine/validation.js'
import { countFoundServices, searchServices } from '../generated/registry/service.queries.js'
import { toWhere } from './service-filter.js'
import { listInput } from './service-list-input.js'
import { type ServiceSummary, toServiceSummary } from './service-row.js'

/** What {@link search} takes beside the text. */
export type ServiceSearchOptions = Omit<z.input<typeof listInput.serviceSearch>, 'query'>

/** A service that a search found, without its config; the better it fits, the higher its rank. Below 0: by no word of the
 *  text, but by its likeness. */
export type FoundService = ServiceSummary & { rank: number }

const found = defineList({
  query: searchServices,
  countQuery: countFoundServices,
  toRow: (row): FoundService => ({ ...toServiceSummary(row), rank: row.rank }),
  idOf: (row) => row.serviceId,
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

/** Searches name, display name, tags and description, best first, without config: at most `limit` (default 50, maximum
 *  500). Finds services that have all words of the text, or words that begin with them; the name itself first, then names
 *  that begin with the text, then by where the words stand (name before display name and tags before description). When no
 *  service at all has them and the text has 3 characters or more, it is taken to have typos, and the up to 1,000 services
 *  whose name, display name or tags are most like it are searched instead. Takes the filters of `list` but `text`, and
 *  pages like it.
 *  @throws {ValidationError} when the text is longer than 300 characters, a filter is malformed, or the cursor of another
 *  list */
export async function search(
  db: Executor,
  text: string,
  options: ServiceSearchOptions = {},
): Promise<Page<FoundService>> {
  const values = parse(listInput.serviceSearch, { ...options, query: text }, searchServices.name)
  const { query, cursor, limit, withTotal, ...filter } = values
  return listPage(db, found, { ...toWhere(filter), query }, { sort: 'best', cursor, limit, withTotal })
}
