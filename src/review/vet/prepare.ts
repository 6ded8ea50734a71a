/** The rule `prepare`: the server takes every variant of a query. */

import type { Client } from 'pg'
import { type PreparedVariants, prepareVariants } from '../../generate/prepare.js'
import type { SourceQuery } from '../../generate/source-query.js'
import { type Variant, variantsOf } from '../../generate/variants.js'
import type { VetFinding } from './rule.js'

export const PREPARE = {
  name: 'prepare',
  why: 'The server refuses a variant of the query, or types a parameter otherwise in it: the call would fail.',
  advice: 'mend the SQL, or add the migration that it needs',
} as const

/** What preparing a query showed. */
export interface Prepared extends Pick<PreparedVariants, 'whole' | 'variants'> {
  readonly findings: readonly VetFinding[]
}

/** Prepares a query: all its variants, or the whole text alone. */
export async function prepareQuery(client: Client, source: SourceQuery, isThorough: boolean): Promise<Prepared> {
  const variants = variantsOf(source)
  const chosen: readonly Variant[] = isThorough ? variants : variants.slice(0, 1)
  const { whole, problems } = await prepareVariants(client, source, chosen)
  const lead = `${source.name}: `
  const findings = problems.map(
    ({ file, line, message }): VetFinding => ({
      rule: PREPARE.name,
      file,
      line,
      subject: source.name,
      message: message.startsWith(lead) ? message.slice(lead.length) : message,
      advice: PREPARE.advice,
    }),
  )
  return { whole, variants, findings }
}
