/** Shapes of what callers ask of lists of services. */

import { z } from 'zod'
import { lazily } from '../engine/lazily.js'
import { listOf, oneOrSeveral, shapes, text } from '../engine/shapes.js'

const MAX_TAGS = 1_000

/** Made when the first is used: a process that imports ashlar does not pay for shapes it never uses. */
export const listInput = lazily(() => {
  const { instant, jsonObject, paging } = shapes
  const someTags = listOf(text(200), { min: 1, max: MAX_TAGS })
  const share = z.number().min(0).max(1)
  const milliseconds = z.number().min(0).max(1e9)
  /** Longer than a name can be, so that nobody need count. */
  const searchText = text(300, 0)

  const filters = {
    /** One, or any of several. */
    buildType: oneOrSeveral(z.enum(['fastmcp', 'stub', 'external', 'official', 'custom', 'docker'])).optional(),
    /** One, or any of several. */
    protocol: oneOrSeveral(z.enum(['stdio', 'http', 'websocket', 'tcp', 'unix_socket'])).optional(),
    /** One, or any of several. */
    priority: oneOrSeveral(z.enum(['critical', 'high', 'medium', 'low'])).optional(),
    /** One, or any of several. */
    status: oneOrSeveral(z.enum(['healthy', 'unhealthy', 'unknown', 'maintenance', 'disabled'])).optional(),
    isRequired: z.boolean().optional(),
    isEnabled: z.boolean().optional(),
    isActive: z.boolean().optional(),
    isAutoStart: z.boolean().optional(),
    /** Tags of which the service must have at least one. */
    tagsAny: someTags.optional(),
    /** Tags that the service must all have. */
    tagsAll: someTags.optional(),
    /** Tags of which the service must have none. */
    tagsNone: someTags.optional(),
    /** What the whole name must be like: `*` is any characters, `?` is one; all others stand for themselves. */
    namePattern: text(300).optional(),
    endpoint: text(2_000).optional(),
    version: text(100).optional(),
    /** What `metadata` must contain, in the sense of PostgreSQL's `@>`. */
    metadata: jsonObject.optional(),
    /** Least share of successful health checks, 0 to 1; leaves out what was never checked. */
    successRateFrom: share.optional(),
    /** Greatest share of successful health checks, 0 to 1; leaves out what was never checked. */
    successRateTo: share.optional(),
    /** Shortest response time, in ms; leaves out what has none. */
    responseTimeMsFrom: milliseconds.optional(),
    /** Longest response time, in ms; leaves out what has none. */
    responseTimeMsTo: milliseconds.optional(),
    /** Leaves out what was never seen. */
    seenAfter: instant.optional(),
    /** Leaves out what was never seen. */
    seenBefore: instant.optional(),
    createdAfter: instant.optional(),
    createdBefore: instant.optional(),
    updatedAfter: instant.optional(),
    updatedBefore: instant.optional(),
    /** Words that name, display name, tags or description must all have, or words that begin with them. A text without
     *  words finds nothing. */
    text: searchText.optional(),
    /** Whether those that are deleted are left out, there too, or there alone. */
    deleted: z.enum(['hidden', 'included', 'only']).default('hidden'),
  }

  /** What services to count. */
  const serviceFilter = z.strictObject(filters)

  /** What services to change or delete, none of which is deleted. */
  const serviceBulkFilter = serviceFilter.omit({ deleted: true })

  /** What services to list, in which order, and which page of them. */
  const serviceListOptions = z.strictObject({
    ...filters,
    /** by name, newest first, by priority (critical first, each by name), by health score (best first, never checked last),
     *  or by response time (fastest first, those without last). */
    sort: z.enum(['name', 'newest', 'priority', 'health', 'fastest']).default('name'),
    ...paging,
  })

  const healthyOptions = serviceListOptions
    .omit({ status: true, sort: true })
    .extend({ sort: serviceListOptions.shape.sort.unwrap().default('health') })
  const requiredOptions = serviceListOptions.omit({ isRequired: true })
  const criticalFirstOptions = serviceListOptions.omit({ sort: true })

  const { text: _, ...otherFilters } = filters

  /** What to search for, among which services, and which page of what is found. */
  const serviceSearch = z.strictObject({ ...otherFilters, query: searchText, ...paging })

  return {
    serviceFilter,
    serviceBulkFilter,
    serviceListOptions,
    healthyOptions,
    requiredOptions,
    criticalFirstOptions,
    serviceSearch,
  }
})
