/** Rules about the schema that a comment in the database turns off: `COMMENT ON INDEX ... IS '@vet-off <rule>: <reason>'`,
 *  alone or behind other text. */

/** Tells whether a comment turns a rule off, with a reason. */
export function isOffByComment(comment: string | null, rule: string): boolean {
  return new RegExp(`@vet-off ${rule}: *\\S`).test(comment ?? '')
}
