/** What filters of modifications mean. */

import type { z } from 'zod'
import type { CountModificationsParams } from '../generated/agent/modification.queries.js'
import { input } from './modification-input.js'

/** What a filter may ask for. */
export type ModificationFilter = z.input<typeof input.modificationFilter>

type Risk = z.output<typeof input.risk>

/** What agent.risk_rank gives. */
export function rankOf(level: Risk | undefined): number {
  return level === undefined ? 0 : input.risk.options.indexOf(level) + 1
}

/** The optional lines that a filter switches on. */
export function toWhere({
  status,
  affectedFile,
  risk: risks,
  ...rest
}: z.output<typeof input.modificationFilter>): CountModificationsParams {
  return {
    ...rest,
    ...(status === undefined ? {} : { statuses: [status].flat() }),
    ...(affectedFile === undefined ? {} : { affectedFiles: [affectedFile].flat() }),
    ...(risks === undefined ? {} : { riskRanks: [risks].flat().map(rankOf) }),
  }
}
