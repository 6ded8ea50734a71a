/** ashlar itself, as it is built: the one file that knows its interface. */

import { type CallLimits, connect, type Database, defineLookup } from 'ashlar'
import { changeBalance, createBooking } from '../generated/account.queries.js'
import { listEntries } from '../generated/entry.queries.js'
import { findItem, findItemSlowly, findItems, touchItem } from '../generated/item.queries.js'
import { createNote, createNoteSlowly } from '../generated/note.queries.js'
import { listReadings } from '../generated/reading.queries.js'
import type { Contender, LoadRow, Reading, Target, Work } from './contender.js'

/** What the cases of ashlar alone use beside `Work`. */
export interface AshlarWork extends Work {
  readonly db: Database
  /** Calls with a signal: a read that may be slow, and a write that may be. */
  abortableRead(itemId: number, isSlow: boolean, limits: CallLimits): Promise<unknown>
  abortableWrite(author: string, isSlow: boolean, limits: CallLimits): Promise<unknown>
}

export const ashlar: Contender = { name: 'ashlar', packages: [], open: openAshlar }

const itemById = defineLookup({
  one: findItem,
  many: findItems,
  parameter: 'itemId',
  manyParameter: 'itemIds',
  column: 'itemId',
})

/** Coalescing is off in all cases but this contender's. */
export const ashlarCoalesced: Contender = {
  name: 'ashlar',
  packages: [],
  async open(target, connections) {
    const { db, close } = await openAshlar(target, connections)
    const coalesced = db.with({ coalesce: true })
    return { findItem: async (itemId) => (await coalesced.lookup(itemById, itemId)) ?? undefined, close }
  },
}

/** Opens ashlar with all its connections kept open, as the others have theirs. */
export async function openAshlar(target: Target, connections: number): Promise<AshlarWork> {
  const db = await connect({ ...target, pool: { min: connections, max: connections } })
  return {
    db,
    findItem: async (itemId) => (await db.maybeOne(findItem, { itemId })) ?? undefined,
    findItemSlowly: async (itemId, isSlow) => (await db.maybeOne(findItemSlowly, { itemId, isSlow })) ?? undefined,
    touchItem: (itemId) => db.execute(touchItem, { itemId }),
    listEntries: (bucket) => db.run(listEntries, { bucket }),
    createNote: async (note) => (await db.one(createNote, note)).noteId,
    transfer: (accountId, amount) =>
      db.transaction(async (tx) => {
        // Both are sent at once: nothing of the first is needed for the second.
        await Promise.all([
          tx.execute(changeBalance, { accountId, amount }),
          tx.execute(createBooking, { accountId, amount }),
        ])
      }),
    load: (rows: readonly LoadRow[]) => db.copyInto('bench.load', loadColumns, rows.map(toValues)),
    readReadings: (readingIdTo: number, batchSize: number): AsyncIterable<Reading> =>
      db.stream(listReadings, { readingIdTo }, { batchSize }),
    abortableRead: (itemId, isSlow, limits) => db.maybeOne(findItemSlowly, { itemId, isSlow }, limits),
    abortableWrite: (author, isSlow, limits) => db.one(createNoteSlowly, { author, body: 'slow', isSlow }, limits),
    close: () => db.close(),
  }
}

const loadColumns = ['number', 'name', 'tags', 'payload', 'loaded_at']

function toValues({ number, name, tags, payload, loadedAt }: LoadRow): readonly unknown[] {
  return [number, name, tags, payload, loadedAt]
}
