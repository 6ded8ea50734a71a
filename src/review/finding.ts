/** What a review finds wrong. */

/** One thing that is wrong, in one place. */
export interface Finding {
  /** The rule's name, kebab-case; what a comment turns off. */
  readonly rule: string
  /** Relative to the project's folder; null when it is in no file. */
  readonly file: string | null
  /** Counts from 1; null when it is not in one line. */
  readonly line: number | null
  /** What it is about: a query's name, a migration, or a table, index or constraint with its schema. */
  readonly subject: string
  /** What is wrong and why it matters. */
  readonly message: string
  /** What to do. */
  readonly advice: string
}

/** Puts findings in order of file, line and rule; those in no file come last. */
export function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  const keyOf = ({ file, line, rule }: Finding): string =>
    `${file ?? '\uffff'}\0${String(line ?? 0).padStart(7, '0')}\0${rule}`
  return [...findings].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
}
