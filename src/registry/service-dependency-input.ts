/** Shapes of what callers give for dependencies. The limits agree with the constraints of the table, where it has them. */

import { z } from 'zod'
import { lazily } from '../engine/lazily.js'
import { listOf, oneOrSeveral, text } from '../engine/shapes.js'

const MAX_DEPENDENCIES = 10_000
const MAX_NAMES = 10_000
/** The database walks the graph level by level, and each takes as long as all before it: 1,000 in a row took 0.26 s, 10,000
 *  took 15 s. */
const MAX_DEPTH = 1_000

/** Made when the first is used: a process that imports ashlar does not pay for shapes it never uses. */
export const input = lazily(() => {
  const name = text(200)
  const kind = z.enum(['required', 'optional'])

  const ends = z.strictObject({
    /** Name of the service that needs the other. */
    service: name,
    /** Name of the service that is needed. */
    dependsOn: name,
  })

  /** A dependency; required unless told otherwise. */
  const dependency = ends
    .extend({ kind: kind.default('required') })
    .refine(({ service, dependsOn }) => service !== dependsOn, {
      path: ['dependsOn'],
      message: 'must be another service',
    })

  /** Many dependencies, which may be none. */
  const dependencies = z
    .array(dependency)
    .max(MAX_DEPENDENCIES)
    .superRefine((all, context) => {
      const seen = new Map<string, number>()
      for (const [index, { service, dependsOn }] of all.entries()) {
        const key = JSON.stringify([service, dependsOn])
        const first = seen.get(key)
        if (first === undefined) seen.set(key, index)
        else context.addIssue({ code: 'custom', path: [index], message: `has the names of [${first}]` })
      }
    })

  /** Names a service. */
  const serviceName = z.strictObject({ name })

  /** How far to go, and what to leave out. */
  const reach = z.strictObject({
    /** Also what is not needed directly, but by what is. */
    transitive: z.boolean().default(false),
    /** Only dependencies of this kind are followed. */
    kind: kind.optional(),
    /** How far to go: 1 is what is needed directly. */
    maxDepth: z.int().min(1).max(MAX_DEPTH).default(MAX_DEPTH),
    /** Only services of this priority, one or any of several; the way may go through others. */
    priority: oneOrSeveral(z.enum(['critical', 'high', 'medium', 'low'])).optional(),
    limit: z.int().min(1).max(10_000).default(1_000),
  })

  /** How many services to name. */
  const impactOptions = z.strictObject({ limit: z.int().min(0).max(10_000).default(1_000) })

  const startOrderOptions = z.strictObject({
    /** Only services of these names, and all that they require. */
    names: listOf(name, { min: 1, max: MAX_NAMES }).optional(),
    /** Whether optional dependencies are waited for. */
    withOptional: z.boolean().default(true),
  })

  return { ends, dependency, dependencies, serviceName, reach, impactOptions, startOrderOptions }
})
