/** The rule `nullability`: a type that says "never null" is right. */

import type { DescribedColumn } from '../../generate/describe.js'
import type { Variant } from '../../generate/variants.js'
import { findingIn, lineOf } from './place.js'
import type { Column } from './relation/relation.js'
import type { QueryContext, QueryRule, VetFinding } from './rule.js'

const NAME = 'nullability'

export const nullability: QueryRule = {
  kind: 'query',
  name: NAME,
  why: 'A column that an outer join or an empty aggregate makes NULL, but whose type says that it never is, fails far from here.',
  check(context) {
    const findings = new Map<string, VetFinding>()
    for (const variant of context.extremes) {
      const { columns } = variant.reading.result
      const described = context.description.columns
      // Where a star could not be read, it is not known which column is which.
      if (columns === null || columns.length !== described.length) continue
      for (const [index, column] of columns.entries()) {
        const found = check(described[index] as DescribedColumn, column, variant, context)
        if (found !== null && !findings.has(found.message)) findings.set(found.message, found)
      }
    }
    return [...findings.values()]
  },
}

function check(
  { name, tableID, columnID }: DescribedColumn,
  { nulls, location }: Column,
  variant: Variant,
  { source, objects }: QueryContext,
): VetFinding | null {
  if (nulls !== 'maybe' || name.endsWith('?')) return null
  const origin = objects.tables.byOid(tableID)?.columns.find(({ number }) => number === columnID)
  const bare = name.replace(/!$/, '')
  const found = (message: string, advice: string): VetFinding =>
    findingIn(source, lineOf(source, variant, location), { rule: NAME, message, advice })
  if (name.endsWith('!')) {
    const cause =
      origin === undefined
        ? 'it is computed from what can be NULL, or from no rows'
        : origin.isNotNull
          ? 'a side of an outer join may be absent, or the row a total (ROLLUP, CUBE)'
          : 'its column may hold NULL, and no condition rules that out'
    return found(
      `${bare} is marked as never NULL, but ${cause}`,
      `mark it "${bare}?", or rule NULL out (coalesce, IS NOT NULL)`,
    )
  }
  if (origin?.isNotNull !== true) return null
  return found(
    `${bare} is typed as never NULL, but a side of an outer join may be absent, or the row a total (ROLLUP, CUBE)`,
    `mark it: AS "${bare}?"`,
  )
}
