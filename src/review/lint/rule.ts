/** What a rule of the migration lint is. */

import type { Migration } from './migration.js'

/** A place that a rule finds wrong. */
export interface Hit {
  /** Of the file; counts from 1. */
  readonly line: number
  /** A table, index, constraint or whatever it is about, with its schema. */
  readonly subject: string
  readonly message: string
  readonly advice: string
}

/** A rule: a function from one migration to what is wrong with it. */
export interface LintRule {
  /** kebab-case; what `@lint-off` names. */
  readonly name: string
  /** What it asks for, in a line of the documentation. */
  readonly asks: string
  check(migration: Migration): readonly Hit[]
}
