/** Shapes of what callers give for the health of services. The limits agree with the constraints of the tables, where they
 *  have them. */

import { z } from 'zod'
import { lazily } from '../engine/lazily.js'
import { shapes, text } from '../engine/shapes.js'

/** Of checks and ids in one call. */
const MAX_SERVICES = 10_000
const MAX_SPANS = 1_000
const DAY_MS = 86_400_000

/** Made when the first is used: a process that imports ashlar does not pay for shapes it never uses. */
export const input = lazily(() => {
  const { id, instant, paging } = shapes
  const healthStatus = z.enum(['healthy', 'unhealthy'])
  /** What a text of JSON can hold of the times in which there were services. */
  const time = z.date().min(new Date(0)).max(new Date('9999-12-31T23:59:59.999Z'))
  const age = z.number().min(0).max(1e13)

  /** A service, by its id or its name. */
  const service = z.union([id, z.strictObject({ name: text(200) })], { error: 'must be a UUID, or { name }' })

  const check = {
    status: healthStatus,
    /** In ms; null when there was no answer. */
    responseTimeMs: z.number().min(0).max(1e9).nullable().default(null),
    /** Why it is unhealthy, in short, without secrets: it is kept. */
    error: text(1_000).nullable().default(null),
    /** When it was checked: left out, when the report is taken in. */
    checkedAt: time.nullable().default(null),
  }

  const isUnhealthy = ({ status, error }: { status: string; error: string | null }): boolean =>
    status === 'unhealthy' || error === null
  const refusal = { path: ['error'], message: 'must not be given for a healthy one' }

  /** What a health check of a service found. */
  const healthCheck = z.strictObject(check).refine(isUnhealthy, refusal)

  const checkedService = z.strictObject({ service })

  /** What health checks of services found. */
  const serviceHealthCheck = z.strictObject({ service, ...check }).refine(isUnhealthy, refusal)
  const healthChecks = z.array(serviceHealthCheck).max(MAX_SERVICES)

  const serviceKey = z.strictObject({ serviceId: id })

  /** Which checks of a service, and which page of them. */
  const healthCheckListOptions = z.strictObject({
    status: healthStatus.optional(),
    checkedAfter: instant.optional(),
    checkedBefore: instant.optional(),
    ...paging,
  })

  /** How long a history, in spans of which length. */
  const healthHistoryOptions = z.strictObject({
    /** Of one entry, in UTC. */
    span: z.enum(['hour', 'day']).default('hour'),
    /** How many, the last of them included. */
    spans: z.int().min(1).max(MAX_SPANS).default(24),
    /** Where it ends: only checks before this. */
    before: time.optional(),
  })

  /** Services that were seen. */
  const seenServices = z.strictObject({
    serviceIds: z.array(id).max(MAX_SERVICES),
    seenAt: time.nullable().default(null),
  })

  /** Since when a service must not have been seen. */
  const staleListOptions = z.strictObject({ olderThanMs: age, ...paging })

  const statisticsOptions = z.strictObject({
    /** How long a service was not seen that counts as stale. */
    staleAfterMs: age.default(DAY_MS),
  })

  return {
    healthCheck,
    checkedService,
    serviceHealthCheck,
    healthChecks,
    serviceKey,
    healthCheckListOptions,
    healthHistoryOptions,
    seenServices,
    staleListOptions,
    statisticsOptions,
  }
})
