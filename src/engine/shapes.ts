/** Shapes that the inputs of every domain are made of. Built once, when the first is used: a zod schema
 *  costs about 44 us to make, and the first ones ten times that. */

import { z } from 'zod'
import { isStorableText, UNSTORABLE_TEXT } from './codec.js'
import { lazily } from './lazily.js'

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

const MAX_JSON_DEPTH = 100
/** As JSON has them: an object that stands in several places counts in each. */
const MAX_JSON_VALUES = 1_000_000
const MAX_KEY = 1_000

/** The first instant that PostgreSQL's timestamptz holds; the last is beyond what a Date does. */
export const EARLIEST = new Date('-004713-11-24T00:00:00Z')

/** A text of `min` (1 unless told otherwise) to `max` characters as PostgreSQL counts them, by code point. */
export function text(max: number, min = 1) {
  return z
    .string()
    .min(min)
    .refine((value) => value.length <= max || [...value].length <= max, `must have at most ${max} characters`)
    .refine(isStorableText, UNSTORABLE_TEXT)
}

/** Up to `max` elements of a shape, taken from read-only arrays too. */
export function listOf<Out, In>(element: z.ZodType<Out, In>, { min = 0, max }: { min?: number; max: number }) {
  return z.array(element).min(min).max(max) as unknown as z.ZodType<Out[], readonly In[]>
}

/** One of an enum's values, or any of several. */
export function oneOrSeveral<const Values extends Readonly<Record<string, string>>>(values: z.ZodEnum<Values>) {
  const { options } = values
  return z.union([values, listOf(values, { min: 1, max: options.length })], {
    error: `Invalid option: expected one or several of ${options.join(', ')}`,
  })
}

/** A shape of plain objects. An interface, so that the declarations name it and do not spell its types out: an index
 *  signature beside known keys cannot be spelt. */
export interface PlainObject<Schema extends z.ZodType> extends z.ZodType<z.output<Schema>, z.input<Schema>> {}

/** zod takes any object for a record, an Error or a Map too, of which nothing would be stored; and it drops a key
 *  `__proto__` in silence. */
function plainObject<Schema extends z.ZodType>(schema: Schema): PlainObject<Schema> {
  const isKept = (value: unknown): boolean => isPlainObject(value) && !Object.hasOwn(value, '__proto__')
  const refusal = 'must be a plain object, without a key `__proto__`'
  return z.custom<z.input<Schema>>(isKept, refusal).pipe(schema as z.ZodType<z.output<Schema>, z.input<Schema>>)
}

/** A JSON object of which some keys are known, and the others may hold any JSON. */
export function jsonObjectOf<Shape extends z.ZodRawShape>(
  known: Shape,
): PlainObject<z.ZodObject<Shape, z.core.$catchall<z.ZodCustom<Json, Json>>>> {
  return plainObject(
    z
      .object(known)
      .catchall(shapes.json)
      .superRefine((value, context) => {
        const key = Object.keys(value).find((name) => !isStorableText(name))
        if (key !== undefined) context.addIssue({ code: 'custom', message: `has a key that ${UNSTORABLE_TEXT}` })
      }),
  )
}

/** Shapes without limits of their own to give. */
export const shapes = lazily(() => {
  /** A UUID in the form 8-4-4-4-12, of any version; zod's own `uuid` insists on those of the RFC. */
  const id = z.guid('must be a UUID')

  /** A count or size: 0 to 2^53-1. */
  const wholeNumber = z.int().min(0)

  /** A score or percentage: 0 to 100; null is "not measured". */
  const score = z.number().min(0).max(100).nullable()

  /** An instant. */
  const instant = z.date().min(EARLIEST)

  /** How many rows a page may have. */
  const pageLimit = z.int().min(1).max(500).default(50)

  /** Which page of a list. */
  const paging = {
    /** From `next` or `previous` of a page of the same sort; null is the first page. */
    cursor: z.string().nullish(),
    limit: pageLimit,
    /** Counts all that the filter finds, too: a second query. */
    withTotal: z.boolean().default(false),
  }

  /** Any JSON value, checked to its leaves. */
  const json = z.custom<Json>().superRefine((value, context) => {
    const report: Report = (message, path) => context.addIssue({ code: 'custom', message, path })
    const values = checkJson(value, [], { within: new Set(), counts: new Map(), report })
    if (values > MAX_JSON_VALUES) report(`must not have more than ${MAX_JSON_VALUES} values`, [])
  })

  /** A JSON object with any content. */
  const jsonObject = plainObject(z.record(text(MAX_KEY), json))

  return { id, wholeNumber, score, instant, pageLimit, paging, json, jsonObject }
})

/** Changes of which one at least is given: a bulk update that changes nothing would still write every row anew. */
export function atLeastOne<Shape extends z.ZodRawShape>(changes: z.ZodObject<Shape, z.core.$strict>) {
  return changes.refine(
    (value) => Object.values(value).some((field) => field !== undefined),
    'must change at least one field',
  )
}

type Report = (message: string, path: PropertyKey[]) => void

/** What a check of a JSON value knows on its way. */
interface Check {
  /** The objects that the value is in. */
  readonly within: Set<unknown>
  /** How many values each object has that was looked at: one that stands in many places is looked at once. */
  readonly counts: Map<unknown, number>
  readonly report: Report
}

/** Reports what is no JSON, and gives how many values there are. */
function checkJson(value: unknown, path: PropertyKey[], check: Check): number {
  const { within, counts, report } = check
  if (typeof value === 'string') {
    if (!isStorableText(value)) report(UNSTORABLE_TEXT, path)
  } else if (path.length > MAX_JSON_DEPTH) report(`must not be nested deeper than ${MAX_JSON_DEPTH}`, [])
  else if (within.has(value)) report('must not contain itself', path)
  else if (Array.isArray(value) || isPlainObject(value)) {
    const known = counts.get(value)
    if (known !== undefined) return known
    within.add(value)
    const count = checkElements(value, path, check)
    within.delete(value)
    counts.set(value, count)
    return count
  } else if (value !== null && typeof value !== 'boolean' && !Number.isFinite(value)) {
    report('must be a JSON value', path)
  }
  return 1
}

function checkElements(value: object, path: PropertyKey[], check: Check): number {
  const isArray = Array.isArray(value)
  const entries: Iterable<[string | number, unknown]> = isArray ? value.entries() : Object.entries(value)
  let count = 1
  for (const [key, element] of entries) {
    if (typeof key === 'string' && !isStorableText(key)) check.report(UNSTORABLE_TEXT, path)
    // JSON.stringify drops such a key too.
    if (element !== undefined || isArray) count += checkJson(element, [...path, key], check)
  }
  return count
}

/** Tells whether a value is an object that only holds properties: neither an array nor of a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
