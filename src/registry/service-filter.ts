/** What filters of services mean. */

import type { z } from 'zod'
import type { CountServicesParams } from '../generated/registry/service.queries.js'
import type { listInput } from './service-list-input.js'

/** What a filter may ask for. */
export type ServiceFilter = z.input<typeof listInput.serviceFilter>

/** The optional lines that a filter switches on. */
export function toWhere({
  buildType,
  protocol,
  priority,
  status,
  namePattern,
  deleted,
  ...rest
}: z.output<typeof listInput.serviceFilter>): CountServicesParams {
  return {
    ...rest,
    ...(buildType === undefined ? {} : { buildTypes: [buildType].flat() }),
    ...(protocol === undefined ? {} : { protocols: [protocol].flat() }),
    ...(priority === undefined ? {} : { priorities: [priority].flat() }),
    ...(status === undefined ? {} : { statuses: [status].flat() }),
    ...(namePattern === undefined ? {} : { namePattern: toLike(namePattern) }),
    ...(deleted === 'included' ? {} : { deleted }),
  }
}

/** Several `*` in a row say the same as one, and are the only way to make a short pattern take long. */
function toLike(pattern: string): string {
  return pattern
    .replace(/[\\%_]/g, '\\$&')
    .replace(/\*+/g, '%')
    .replaceAll('?', '_')
}
