/** Turns the rows of one statement into objects, as they arrive. That of a cursor spans the exchanges of all its batches. */

import { type Column, type RowConstructor, type RowShape, rowShape, sameColumns } from '../row-shape.js'
import type { Statement } from '../statement.js'
import type { Prepared } from './prepared-statements.js'

export class RowCollector {
  readonly #statement: Statement
  #prepared: Prepared | null = null
  #build: RowConstructor | null = null
  #rows: Record<string, unknown>[] = []
  #error: unknown = null

  constructor(statement: Statement) {
    this.#statement = statement
  }

  /** The first thing that went wrong on this side; rows behind it are dropped. */
  get error(): unknown {
    return this.#error
  }

  /** Told when the statement is sent: under which name it is prepared. */
  expect(prepared: Prepared): void {
    this.#prepared = prepared
    const { shape } = prepared
    if (shape !== null) this.#build = shape.binary ?? shape.text
  }

  onColumns(columns: readonly Column[]): void {
    const shape = this.#shapeOf(columns)
    if (shape === null) return
    if (this.#prepared !== null) this.#prepared.shape = shape
    this.#build ??= shape.text
  }

  onRow(bytes: Buffer, start: number): void {
    if (this.#error !== null) return
    try {
      // Sent behind the one that prepares the statement, it was asked for as text.
      this.#build ??= this.#prepared?.shape?.text ?? null
      if (this.#build !== null) this.#rows.push(this.#build(bytes, start))
    } catch (error) {
      // Kept for the end: an error of the server's behind this row must win over one of ours.
      this.#error = error
    }
  }

  /** Gives the rows that came since the last time. */
  take(): Record<string, unknown>[] {
    const rows = this.#rows
    this.#rows = []
    return rows
  }

  #shapeOf(columns: readonly Column[]): RowShape | null {
    const { shapes } = this.#statement
    if (shapes.last !== null && sameColumns(shapes.last.columns, columns)) return shapes.last
    try {
      shapes.last = rowShape(columns)
      return shapes.last
    } catch (error) {
      this.#error = error
      return null
    }
  }
}
