/** Where the columns of a result come from. */

import type { Client } from 'pg'

/** A column of a relation. */
export interface Place {
  /** With its schema. */
  readonly table: string
  readonly column: string
  /** A view's columns never tell that they hold no NULL. */
  readonly isView: boolean
}

const PLACES = `
  SELECT
    a.attrelid::int8 || ' ' || a.attnum AS key,
    n.nspname || '.' || r.relname AS table,
    a.attname AS column,
    r.relkind = 'v' AS "isView"
  FROM pg_attribute AS a
    JOIN pg_class AS r ON r.oid = a.attrelid
    JOIN pg_namespace AS n ON n.oid = r.relnamespace
  WHERE a.attnum > 0
    AND r.relkind IN ('r', 'p', 'f', 'm', 'v')`

/** Reads all places, by the numbers that a description of rows has. */
export async function readPlaces(client: Client): Promise<(table: number, column: number) => Place | null> {
  const { rows } = await client.query<Place & { key: string }>(PLACES)
  const places = new Map(rows.map((row) => [row.key, row]))
  return (table, column) => places.get(`${table} ${column}`) ?? null
}
