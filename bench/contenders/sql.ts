/** The statements, for the contenders that take SQL as text. Aliases give all of them the same property names at no cost. */

const itemColumns = 'item_id AS "itemId", name, score, tags, attributes, updated_at AS "updatedAt"'
const entryColumns = `entry_id AS "entryId", position, title, body, price, share, is_open AS "isOpen", labels, scores,
  payload, created_at AS "createdAt", updated_at AS "updatedAt"`
const readingColumns = 'reading_id AS "readingId", device, value, is_valid AS "isValid", taken_at AS "takenAt"'

export const text = {
  findItem: `SELECT ${itemColumns} FROM bench.item WHERE item_id = $1`,
  findItemSlowly: `SELECT ${itemColumns}, bench.pause($2) AS paused FROM bench.item WHERE item_id = $1`,
  touchItem: 'UPDATE bench.item SET score = score + 1 WHERE item_id = $1',
  listEntries: `SELECT ${entryColumns} FROM bench.entry WHERE bucket = $1 ORDER BY position LIMIT 100`,
  createNote: `INSERT INTO bench.note (author, body, tags, payload) VALUES ($1, $2, $3, $4) RETURNING note_id AS "noteId"`,
  changeBalance: 'UPDATE bench.account SET balance = balance + $1 WHERE account_id = $2',
  createBooking: 'INSERT INTO bench.booking (account_id, amount) VALUES ($1, $2)',
  /** The fastest of the multi-row forms: one parameter for all rows. */
  loadRecords: `INSERT INTO bench.load (number, name, tags, payload, loaded_at)
SELECT number, name, tags, payload, loaded_at
FROM json_to_recordset($1) AS row (number integer, name text, tags text[], payload jsonb, loaded_at timestamptz)`,
  listReadings: `SELECT ${readingColumns} FROM bench.reading WHERE reading_id <= $1 ORDER BY reading_id`,
} as const

/** Gives the rows of the bulk case in chunks. */
export function* chunks<T>(rows: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < rows.length; from += size) yield rows.slice(from, from + size)
}
