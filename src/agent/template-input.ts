/** Shapes of what callers give for templates. The limits agree with the constraints of the table, where it has them. */

import { z } from 'zod'
import { lazily } from '../engine/lazily.js'
import { atLeastOne, isPlainObject, listOf, oneOrSeveral, shapes, text } from '../engine/shapes.js'
import { bytesOf, filesShape } from './template-files.js'

const MAX_NAMES = 1_000
const MAX_TEMPLATES = 10_000
/** Of all files of all templates of one call, in UTF-8: they are sent as one JSON text. */
const MAX_BYTES = 50_000_000

interface Variables {
  readonly requiredVariables?: readonly string[] | undefined
  readonly optionalVariables?: readonly string[] | undefined
}

/** When only one of the two is changed, the table's own constraint tells. */
function refuseOverlap({ requiredVariables = [], optionalVariables = [] }: Variables, context: z.RefinementCtx): void {
  const required = new Set(requiredVariables)
  if (optionalVariables.some((variable) => required.has(variable))) {
    context.addIssue({ code: 'custom', path: ['optionalVariables'], message: 'must not name a required variable' })
  }
}

/** Made when the first is used: a process that imports ashlar does not pay for shapes it never uses. */
export const input = lazily(() => {
  const { id, instant, paging } = shapes
  const complexity = z.enum(['simple', 'moderate', 'complex'])
  const name = text(200)
  const names = listOf(name, { max: MAX_NAMES })
  const someNames = listOf(name, { min: 1, max: MAX_NAMES })
  const minutes = z.int().min(0).max(1_000_000)

  const variable = name.regex(
    /^[A-Za-z_][A-Za-z0-9_-]*$/,
    'must start with a letter or `_` and go on with letters, digits, `_` or `-`',
  )
  const variables = listOf(variable, { max: MAX_NAMES }).refine(
    (all) => new Set(all).size === all.length,
    'must not name a variable twice',
  )

  const files = filesShape()
  const columns = {
    name,
    version: text(100),
    description: text(10_000, 0).nullable(),
    category: text(100),
    files,
    requiredVariables: variables,
    optionalVariables: variables,
    techStack: names,
    tags: names,
    complexity,
    estimatedSetupMinutes: minutes.nullable(),
  }

  /** A new template; what is left out is empty, not known, or `moderate`. */
  const newTemplate = z
    .strictObject({
      ...columns,
      description: columns.description.default(null),
      files: files.default({}),
      requiredVariables: variables.default([]),
      optionalVariables: variables.default([]),
      techStack: names.default([]),
      tags: names.default([]),
      complexity: complexity.default('moderate'),
      estimatedSetupMinutes: columns.estimatedSetupMinutes.default(null),
    })
    .superRefine(refuseOverlap)

  /** Many new templates, which may be none. */
  const newTemplates = z
    .array(newTemplate)
    .max(MAX_TEMPLATES)
    .superRefine((templates, context) => {
      const report = (message: string, path: number[]) => context.addIssue({ code: 'custom', path, message })
      const seen = new Map<string, number>()
      for (const [index, { name }] of templates.entries()) {
        const first = seen.get(name)
        if (first === undefined) seen.set(name, index)
        else report(`has the name of [${first}]`, [index])
      }
      const bytes = templates.reduce((sum, template) => sum + bytesOf(template.files), 0)
      if (bytes > MAX_BYTES) report(`must have at most ${MAX_BYTES} bytes of files in all`, [])
    })

  const changes = z.strictObject(columns).partial()

  /** Changes to a template; what is left out stays as it is. */
  const templateChanges = changes.superRefine(refuseOverlap)

  /** Changes to many templates: not their names, which are unique. */
  const templateBulkChanges = atLeastOne(changes.omit({ name: true })).superRefine(refuseOverlap)

  /** Identifies a template. */
  const templateKey = z.strictObject({ templateId: id })

  /** Identifies templates, which may be none. */
  const templateKeys = z.strictObject({ templateIds: z.array(id).max(10_000) })

  /** Identifies a template by its natural key. */
  const templateName = z.strictObject({ name })

  /** Names of variables, or an object that has them as keys; a key whose value is undefined or null is not given. */
  const givenVariables = z.strictObject({
    given: z
      .custom<readonly string[] | Readonly<Record<string, unknown>>>(
        (given) => (Array.isArray(given) ? given.every((each) => typeof each === 'string') : isPlainObject(given)),
        'must be an array of names, or an object whose keys are names',
      )
      .transform((given) =>
        Array.isArray(given)
          ? (given as readonly string[])
          : Object.entries(given).flatMap(([key, value]) => (value === undefined || value === null ? [] : [key])),
      ),
  })

  const filters = {
    category: text(100).optional(),
    /** Tags of which the template must have at least one. */
    tagsAny: someNames.optional(),
    /** Tags that the template must all have. */
    tagsAll: someNames.optional(),
    /** Tags of which the template must have none. */
    tagsNone: someNames.optional(),
    /** Names of which at least one must be in the tech stack. */
    techAny: someNames.optional(),
    /** Names that all must be in the tech stack. */
    techAll: someNames.optional(),
    /** One, or any of several. */
    complexity: oneOrSeveral(complexity).optional(),
    /** Longest setup, in minutes; leaves out what is not known. */
    setupMinutesTo: minutes.optional(),
    updatedAfter: instant.optional(),
    updatedBefore: instant.optional(),
    /** What a search for this finds: words, `"a phrase"`, `or`, `-not`. A text without words finds nothing. */
    text: text(1_000, 0).optional(),
  }

  /** What templates to count. */
  const templateFilter = z.strictObject(filters)

  /** What templates to list, in which order, and which page of them. */
  const templateListOptions = z.strictObject({
    ...filters,
    /** by name, newest first, most used first, or least setup time first (not known last). */
    sort: z.enum(['name', 'newest', 'used', 'quickest']).default('name'),
    ...paging,
  })

  /** What to search for, among which templates, and which page of what is found. */
  const templateSearch = z.strictObject({ ...filters, text: filters.text.unwrap(), ...paging })

  return {
    newTemplate,
    newTemplates,
    templateChanges,
    templateBulkChanges,
    templateKey,
    templateKeys,
    templateName,
    givenVariables,
    templateFilter,
    templateListOptions,
    templateSearch,
  }
})
