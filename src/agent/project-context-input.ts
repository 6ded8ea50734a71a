/** Shapes of what callers give for project contexts. The limits agree with the constraints of the table. */

import { z } from 'zod'
import { lazily } from '../engine/lazily.js'
import { atLeastOne, jsonObjectOf, listOf, oneOrSeveral, shapes, text } from '../engine/shapes.js'

const MAX_NAMES = 5_000

/** Made when the first is used: a process that imports ashlar does not pay for shapes it never uses. */
export const input = lazily(() => {
  const { id, instant, jsonObject, paging, score, wholeNumber } = shapes
  const status = z.enum(['active', 'paused', 'archived'])
  const name = text(200)
  const names = listOf(name, { max: MAX_NAMES })
  const someNames = listOf(name, { min: 1, max: MAX_NAMES })

  /** The `codebase` column: known keys have these shapes, further keys may hold any JSON. */
  const codebase = jsonObjectOf({
    /** Files in all. */
    files: wholeNumber.optional(),
    /** Size of all files, in bytes. */
    bytes: wholeNumber.optional(),
    /** One entry a language, largest first. */
    languages: listOf(z.strictObject({ name: text(100), files: wholeNumber, bytes: wholeNumber }), {
      max: 1_000,
    }).optional(),
    moduleKind: z.enum(['esm', 'commonjs']).optional(),
    /** Names of what the project offers, such as `executables` or `types`. */
    features: names.optional(),
    /** Names of the commands that the project installs. */
    executables: names.optional(),
  })

  /** The `configuration` column: known keys have these shapes, further keys may hold any JSON. */
  const configuration = jsonObjectOf({
    /** Command lines by name. */
    scripts: z.record(name, text(100_000, 0)).optional(),
    /** Version ranges by runtime. */
    engines: z.record(name, text(1_000, 0)).optional(),
    /** An SPDX expression, or what the project says instead. */
    licence: text(1_000).optional(),
  })

  const measurements = {
    testCoverage: score,
    securityScore: score,
    performanceScore: score,
  }

  const columns = {
    owner: name,
    name,
    description: text(10_000, 0).nullable(),
    status,
    language: text(100).nullable(),
    framework: text(100).nullable(),
    codebase,
    configuration,
    techStack: names,
    dependencies: names,
    ...measurements,
  }

  /** A new context; what is left out is empty, not measured, or `active`. */
  const newProjectContext = z.strictObject({
    ...columns,
    description: columns.description.default(null),
    status: status.default('active'),
    language: columns.language.default(null),
    framework: columns.framework.default(null),
    codebase: codebase.default({}),
    configuration: configuration.default({}),
    techStack: names.default([]),
    dependencies: names.default([]),
    testCoverage: score.default(null),
    securityScore: score.default(null),
    performanceScore: score.default(null),
  })

  /** Many new contexts, which may be none. */
  const newProjectContexts = z
    .array(newProjectContext)
    .max(10_000)
    .superRefine((contexts, context) => {
      const seen = new Map<string, number>()
      for (const [index, { owner, name }] of contexts.entries()) {
        const key = JSON.stringify([owner, name])
        const first = seen.get(key)
        if (first === undefined) seen.set(key, index)
        else context.addIssue({ code: 'custom', path: [index], message: `has the owner and name of [${first}]` })
      }
    })

  /** Changes to a context; what is left out stays as it is. */
  const projectContextChanges = z.strictObject(columns).partial()

  /** Changes to many contexts: not their names, which are unique. */
  const projectContextBulkChanges = atLeastOne(projectContextChanges.omit({ name: true }))

  /** Measurements of a context; what is left out stays as it is. */
  const projectContextMetrics = z.strictObject(measurements).partial()

  /** Identifies a context. */
  const projectContextKey = z.strictObject({ projectContextId: id })

  /** Identifies contexts, which may be none. */
  const projectContextKeys = z.strictObject({ projectContextIds: z.array(id).max(10_000) })

  /** Identifies a context by its natural key. */
  const projectContextName = z.strictObject({ owner: name, name })

  const filters = {
    owner: name.optional(),
    /** One, or any of several. */
    status: oneOrSeveral(status).optional(),
    language: text(100).optional(),
    /** What `codebase` must contain, in the sense of PostgreSQL's `@>`. */
    codebase: jsonObject.optional(),
    /** What `configuration` must contain, in the same sense. */
    configuration: jsonObject.optional(),
    /** Names of which at least one must be in the tech stack. */
    techAny: someNames.optional(),
    /** Names that all must be in the tech stack. */
    techAll: someNames.optional(),
    /** A package, or several, that all must be among the dependencies. */
    dependsOn: z.union([name, someNames]).optional(),
    /** Least test coverage, percent; leaves out what is not measured. */
    coverageFrom: z.number().min(0).max(100).optional(),
    /** Greatest test coverage, percent; leaves out what is not measured. */
    coverageTo: z.number().min(0).max(100).optional(),
    updatedAfter: instant.optional(),
    updatedBefore: instant.optional(),
  }

  /** What contexts to count. */
  const projectContextFilter = z.strictObject(filters)

  /** What contexts to list, in which order, and which page of them. */
  const projectContextListOptions = z.strictObject({
    ...filters,
    /** newest first, by name, by test coverage (highest first, not measured last), or by size of the code. */
    sort: z.enum(['newest', 'name', 'coverage', 'largest']).default('newest'),
    ...paging,
  })

  return {
    codebase,
    configuration,
    newProjectContext,
    newProjectContexts,
    projectContextChanges,
    projectContextBulkChanges,
    projectContextMetrics,
    projectContextKey,
    projectContextKeys,
    projectContextName,
    projectContextFilter,
    projectContextListOptions,
  }
})
