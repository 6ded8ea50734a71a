/** Shapes of what callers give for services. The limits agree with the constraints of the table, where it has them. */

import { z } from 'zod'
import { lazily } from '../engine/lazily.js'
import { atLeastOne, listOf, shapes, text } from '../engine/shapes.js'

const MAX_TAGS = 1_000
const MAX_SERVICES = 10_000

/** WHATWG's parser drops blanks at the ends and line ends within: the text would be another than the URL that it is taken
 *  for. */
function isHttpUrl(value: string): boolean {
  return /^https?:\/\/[^\s\p{Cc}]+$/iu.test(value) && URL.canParse(value)
}

/** Made when the first is used: a process that imports ashlar does not pay for shapes it never uses. */
export const input = lazily(() => {
  const { id, instant, jsonObject } = shapes
  const buildType = z.enum(['fastmcp', 'stub', 'external', 'official', 'custom', 'docker'])
  const protocol = z.enum(['stdio', 'http', 'websocket', 'tcp', 'unix_socket'])
  const priority = z.enum(['critical', 'high', 'medium', 'low'])
  const status = z.enum(['healthy', 'unhealthy', 'unknown', 'maintenance', 'disabled'])
  const name = text(200)
  const tags = listOf(text(200), { max: MAX_TAGS })
  const url = text(2_000).refine(isHttpUrl, 'must be a URL that begins with http:// or https://, without blanks')
  const port = z.int().min(1).max(65_535)

  const columns = {
    name,
    displayName: text(200).nullable(),
    description: text(10_000, 0).nullable(),
    buildType,
    protocol,
    priority,
    status,
    location: text(2_000).nullable(),
    endpoint: text(2_000).nullable(),
    port: port.nullable(),
    version: text(100).nullable(),
    tags,
    metadata: jsonObject,
    config: jsonObject,
    healthCheckUrl: url.nullable(),
    isActive: z.boolean(),
    isRequired: z.boolean(),
    isEnabled: z.boolean(),
    isAutoStart: z.boolean(),
    source: text(2_000).nullable(),
    registryUrl: url.nullable(),
  }

  /** A new service; what is left out is as the table has it: empty, not known, `custom`, `stdio`, `medium`, active and
   *  enabled, neither required nor started with the agents. */
  const newService = z.strictObject({
    ...columns,
    displayName: columns.displayName.default(null),
    description: columns.description.default(null),
    buildType: buildType.default('custom'),
    protocol: protocol.default('stdio'),
    priority: priority.default('medium'),
    status: status.default('unknown'),
    location: columns.location.default(null),
    endpoint: columns.endpoint.default(null),
    port: columns.port.default(null),
    version: columns.version.default(null),
    tags: tags.default([]),
    metadata: jsonObject.default({}),
    config: jsonObject.default({}),
    healthCheckUrl: columns.healthCheckUrl.default(null),
    isActive: z.boolean().default(true),
    isRequired: z.boolean().default(false),
    isEnabled: z.boolean().default(true),
    isAutoStart: z.boolean().default(false),
    source: columns.source.default(null),
    registryUrl: columns.registryUrl.default(null),
  })

  /** Many new services, which may be none. */
  const newServices = z
    .array(newService)
    .max(MAX_SERVICES)
    .superRefine((services, context) => {
      const seen = new Map<string, number>()
      for (const [index, { name }] of services.entries()) {
        const first = seen.get(name)
        if (first === undefined) seen.set(name, index)
        else context.addIssue({ code: 'custom', path: [index], message: `has the name of [${first}]` })
      }
    })

  /** Changes to a service; what is left out stays as it is. */
  const serviceChanges = z.strictObject(columns).partial()

  /** Changes to many services: not their names, which are unique. */
  const serviceBulkChanges = atLeastOne(serviceChanges.omit({ name: true }))

  /** Identifies a service. */
  const serviceKey = z.strictObject({ serviceId: id })

  /** Identifies services, which may be none. */
  const serviceKeys = z.strictObject({ serviceIds: z.array(id).max(MAX_SERVICES) })

  /** Identifies a service by its natural key. */
  const serviceName = z.strictObject({ name })

  /** Identifies services by their natural keys; which may be none. */
  const serviceNames = z.strictObject({ names: z.array(name).max(MAX_SERVICES) })

  /** Which deleted services to purge, and how. */
  const servicePurge = z.strictObject({
    deletedBefore: instant,
    batchSize: z.int().min(1).max(10_000).default(1_000),
    maxBatches: z.int().min(1).max(1_000_000_000).default(1_000_000_000),
  })

  return {
    buildType,
    protocol,
    priority,
    status,
    newService,
    newServices,
    serviceChanges,
    serviceBulkChanges,
    serviceKey,
    serviceKeys,
    serviceName,
    serviceNames,
    servicePurge,
  }
})
