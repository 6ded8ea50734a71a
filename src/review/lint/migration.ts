/** A migration as the lint sees it: its two sections, parsed by PostgreSQL's own parser, at their lines of the file. */

import type { Node } from 'libpg-query'

/** A statement of a section. */
export interface Statement {
  readonly tree: Node
  /** Of its first word; counts from 1. */
  readonly line: number
}

/** The SQL of one direction. */
export interface Section {
  /** What runs, at its lines of the file: the lines around it are empty. */
  readonly text: string
  /** Empty when it cannot be parsed. */
  readonly statements: readonly Statement[]
  readonly isParsed: boolean
  /** Gives the line of a place that the tree names, in bytes. */
  lineAt(byte: number): number
}

/** A migration. */
export interface Migration {
  /** Relative to the project, with slashes. */
  readonly file: string
  /** The file's name without its ending. */
  readonly name: string
  readonly isSql: boolean
  /** The whole file, its lines ended by \n. */
  readonly text: string
  readonly up: Section
  readonly down: Section
}

/** Parses a section. What PostgreSQL cannot parse has no statements; the runner tells what is wrong with it. */
export async function parseSection(text: string): Promise<Section> {
  // It takes 75 ms to load.
  const { hasSqlDetails, parse } = await import('libpg-query')
  const bytes = Buffer.from(text)
  const lineAt = (byte: number): number => lineOf(bytes.subarray(0, byte))
  if (text.trim() === '') return { text, statements: [], isParsed: true, lineAt }
  try {
    const { stmts = [] } = await parse(text)
    const statements = stmts.flatMap(({ stmt, stmt_location: start = 0 }) =>
      stmt === undefined ? [] : [{ tree: stmt, line: lineAt(start) }],
    )
    return { text, statements, isParsed: true, lineAt }
  } catch (error) {
    if (!hasSqlDetails(error)) throw error
    return { text, statements: [], isParsed: false, lineAt }
  }
}

function lineOf(before: Buffer): number {
  let line = 1
  for (const byte of before) if (byte === 10) line += 1
  return line
}

/** A node of a tree with the name of its kind. */
export interface Found {
  readonly kind: string
  readonly node: Readonly<Record<string, unknown>>
}

/** Lists the nodes of some kinds below a value of a tree, outermost first. */
export function nodesOf(value: unknown, kinds: readonly string[]): readonly Found[] {
  if (Array.isArray(value)) return value.flatMap((item) => nodesOf(item, kinds))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([kind, node]) => {
    const below = nodesOf(node, kinds)
    return kinds.includes(kind) ? [{ kind, node: node as Found['node'] }, ...below] : below
  })
}
