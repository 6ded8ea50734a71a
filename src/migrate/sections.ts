/** The two sections of a migration file, cut where node-pg-migrate cuts them: at the first line of each marker. */

/** Which way a migration is run. */
export type Direction = 'up' | 'down'

/** What a file runs in one direction. */
export interface Section {
  /** With its marker. */
  readonly sql: string
  /** The line of the file with which it begins, from 1. */
  readonly line: number
}

/** A marker line of a file. */
export interface Marker {
  /** Where the section begins: node-pg-migrate's expression takes in empty lines above the marker. */
  readonly index: number
  /** The line on which the marker itself stands, from 1. */
  readonly line: number
}

/** As in node-pg-migrate. It knows nothing of SQL: a line within a string or a comment is one, too. */
const MARKERS: Readonly<Record<Direction, RegExp>> = {
  up: /^\s*--[\s-]*up\s+migration/gim,
  down: /^\s*--[\s-]*down\s+migration/gim,
}

/** How the markers are written. */
export const MARKER_LINES: Readonly<Record<Direction, string>> = {
  up: '`-- Up Migration`',
  down: '`-- Down Migration`',
}

/** Finds all marker lines of a direction. */
export function findMarkers(text: string, direction: Direction): readonly Marker[] {
  return [...text.matchAll(MARKERS[direction])].map(({ index, 0: match }) => ({
    index,
    line: lineAt(text, index + match.indexOf('--')),
  }))
}

/** Cuts a section out of a file that has both markers. */
export function cutSection(text: string, direction: Direction): Section {
  const [up, down] = [findMarkers(text, 'up')[0]?.index ?? 0, findMarkers(text, 'down')[0]?.index ?? text.length]
  const [start, end] = direction === 'up' ? [up, down] : [down, text.length]
  return { sql: text.slice(start, end), line: lineAt(text, start) }
}

/** Gives the line, from 1, of a place in a text. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}
