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
    buildTypes: several(buildType),
    protocols: several(protocol),
    priorities: several(priority),
    statuses: several(status),
    namePattern: namePattern === undefined ? undefined : toLike(namePattern),
    deleted: deleted === 'included' ? undefined : deleted,
  }
}

/** One, or any of several, as a line that asks with `= ANY` takes it; undefined leaves the line out. */
function several<T>(given: T | T[] | undefined): T[] | undefined {
  return given === undefined ? undefined : ([given].flat() as T[])
}

/** Several `*` in a row say the same as one, and are the only way to make a short pattern take long. */
function toLike(pattern: string): string {
  return pattern
    .replace(/[\\%_]/g, '\\$&')
    .replace(/\*+/g, '%')
    .replaceAll('?', '_')
}
