/** The change log: who changed what and when, in tables that `core.track_changes` was called for. Table: core.change_log. */

import type { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { defineList, listPage } from '../engine/list-page.js'
import type { Page } from '../engine/page.js'
import type { Json } from '../engine/shapes.js'
import { parse } from '../engine/validation.js'
import {
  type CountChangesParams,
  countChanges,
  type ListChangesResult,
  listChanges,
} from '../generated/core/change.queries.js'
import { input } from './change-input.js'

/** Values by column, as JSON has them: an instant is a text. */
export type ChangedValues = Readonly<Record<string, Json>>

/** One change of one row. */
export interface Change extends Omit<ListChangesResult, 'oldValues' | 'newValues'> {
  /** Of `columns`, before, without those that are secret; null: of an insert or truncate. */
  readonly oldValues: ChangedValues | null
  /** Of `columns`, after, without those that are secret; null: of a delete or truncate. */
  readonly newValues: ChangedValues | null
}

/** What a filter may ask for. */
export type ChangeFilter = z.input<typeof input.changeFilter>

/** What {@link list} takes. */
export type ChangeListOptions = z.input<typeof input.changeListOptions>

/** Which page {@link history} and {@link ofTransaction} give: at most `limit` (default 50, maximum 500). */
export type ChangePageOptions = Pick<ChangeListOptions, 'cursor' | 'limit'>

const sort = {
  key: 'instant',
  keyOf: (row: Change) => row.changedAt.getTime(),
  seek: (key: string | number) => ({ cursorChangedAt: new Date(key) }),
} as const

const changes = defineList({
  query: listChanges,
  countQuery: countChanges,
  toRow: (row: ListChangesResult) => row as Change,
  idOf: (row) => row.changeId,
  sorts: {
    newest: { ...sort, after: 'newest', before: 'oldest' },
    oldest: { ...sort, after: 'oldest', before: 'newest' },
  },
})

function toWhere({ table, action, ...rest }: z.output<typeof input.changeFilter>): CountChangesParams {
  return {
    ...rest,
    ...(table === undefined ? {} : { tableName: table }),
    ...(action === undefined ? {} : { actions: [action].flat() }),
  }
}

/** Counts the changes that a filter finds. @throws {ValidationError} when the filter is malformed */
export async function count(db: Executor, filter: ChangeFilter = {}): Promise<number> {
  const where = parse(input.changeFilter, filter, countChanges.name)
  return (await db.one(countChanges, toWhere(where))).count
}

/** Lists changes page by page: at most `limit` (default 50, maximum 500), newest first unless `sort` says otherwise. `next`
 *  is null on the last page, `previous` on the first; `total` is there when `withTotal` asks for it.
 *  @throws {ValidationError} when the filter is malformed, or the cursor of another list or sort */
export async function list(db: Executor, options: ChangeListOptions = {}): Promise<Page<Change>> {
  const { sort, cursor, limit, withTotal, ...filter } = parse(input.changeListOptions, options, listChanges.name)
  return listPage(db, changes, toWhere(filter), { sort, cursor, limit, withTotal })
}

/** Lists the changes of one row page by page, newest first; also of a row that is gone. `table` is named with its schema:
 *  `registry.service`. A table that is not tracked has none.
 *  @throws {ValidationError} when an argument is malformed, or the cursor of another list or sort */
export async function history(
  db: Executor,
  table: string,
  rowId: string,
  options: ChangePageOptions = {},
): Promise<Page<Change>> {
  const values = parse(input.history, { ...options, table, rowId }, listChanges.name)
  const { cursor, limit } = values
  const where = { tableName: values.table, rowId: values.rowId }
  return listPage(db, changes, where, { sort: 'newest', cursor, limit, withTotal: false })
}

/** Lists the changes that one transaction made, in all tables, page by page, in their order. The `transactionId` is that of
 *  any of its changes.
 *  @throws {ValidationError} when an argument is malformed, or the cursor of another list or sort */
export async function ofTransaction(
  db: Executor,
  transactionId: number,
  options: ChangePageOptions = {},
): Promise<Page<Change>> {
  const { cursor, limit, ...where } = parse(input.transaction, { ...options, transactionId }, listChanges.name)
  return listPage(db, changes, where, { sort: 'oldest', cursor, limit, withTotal: false })
}
