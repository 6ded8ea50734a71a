/** What filters of project contexts mean. */

import type { z } from 'zod'
import type { CountProjectContextsParams } from '../generated/agent/project_context.queries.js'
import type { input } from './project-context-input.js'

/** What a filter may ask for. */
export type ProjectContextFilter = z.input<typeof input.projectContextFilter>

/** The optional lines that a filter switches on. */
export function toWhere({
  status,
  dependsOn,
  ...rest
}: z.output<typeof input.projectContextFilter>): CountProjectContextsParams {
  return {
    ...rest,
    ...(status === undefined ? {} : { statuses: [status].flat() }),
    ...(dependsOn === undefined ? {} : { dependsOn: [dependsOn].flat() }),
  }
}
