/** Turns the rows of one statement into objects, as they arrive. That of a cursor spans the exchanges of all its batches. */

import {
  assertCompatible,
  type Baselines,
  type Column,
  type RowConstructor,
  type RowShape,
  rowShape,
  sameColumns,
} from '../row-shape.js'
import type { Statement } from '../statement.js'
import type { Prepared } from './prepared-statements.js'

export class RowCollector {
  readonly #statement: Statement
  #prepared: Prepared | null = null
  #baselines: Baselines | null = null
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

  /** Told when the statement is sent: under which name it is prepared, if under any. */
  expect(prepared: Prepared | null, baselines: Baselines): void {
    this.#baselines = baselines
    this.#prepared = prepared
    if (prepared === null) return
    const { shape, fault } = prepared
    this.#error = fault
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
      this.#error ??= this.#prepared?.fault ?? null
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
    const { shapes, preparedName } = this.#statement
    try {
      const before = this.#baselines?.get(shapes)
      if (before !== undefined && !sameColumns(before, columns)) assertCompatible(before, columns)
      if (shapes.last === null || !sameColumns(shapes.last.columns, columns)) shapes.last = rowShape(columns)
      // Raw text is another statement each time: nothing comes after it.
      if (preparedName !== null || before !== undefined) this.#baselines?.set(shapes, shapes.last.columns)
      return shapes.last
    } catch (error) {
      this.#error = error
      if (this.#prepared !== null) this.#prepared.fault = error
      return null
    }
  }
}
