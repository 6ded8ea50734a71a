/** Shapes that the inputs of every domain are made of. Built once, at import: a zod schema costs about 44 us to make. */

import { z } from 'zod'
import { isStorableText, UNSTORABLE_TEXT } from './codec.js'

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

const MAX_JSON_DEPTH = 100
const MAX_KEY = 1_000

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

/** Any id that PostgreSQL's uuid takes; zod's own `uuid` insists on RFC versions. */
export const id = z.guid()

/** A count or size: 0 to 2^53-1. */
export const wholeNumber = z.int().min(0)

/** A score or percentage: 0 to 100; null is "not measured". */
export const score = z.number().min(0).max(100).nullable()

/** An instant. */
export const instant = z.date()

/** How many rows a page may have. */
export const pageLimit = z.int().min(1).max(500).default(50)

/** Any JSON value, checked to its leaves. */
export const json = z.custom<Json>().superRefine((value, context) => {
  checkJson(value, [], (message, path) => context.addIssue({ code: 'custom', message, path }))
})

/** A JSON object with any content. */
export const jsonObject = z.record(text(MAX_KEY), json)

/** A JSON object of which some keys are known, and the others may hold any JSON. */
export function jsonObjectOf<Shape extends z.ZodRawShape>(
  known: Shape,
): z.ZodObject<Shape, z.core.$catchall<typeof json>> {
  return z
    .object(known)
    .catchall(json)
    .superRefine((value, context) => {
      const key = Object.keys(value).find((name) => !isStorableText(name))
      if (key !== undefined) context.addIssue({ code: 'custom', message: `has a key that ${UNSTORABLE_TEXT}` })
    })
}

type Report = (message: string, path: PropertyKey[]) => void

function checkJson(value: unknown, path: PropertyKey[], report: Report): void {
  if (path.length > MAX_JSON_DEPTH) report(`must not be nested deeper than ${MAX_JSON_DEPTH}`, [])
  else if (typeof value === 'string') {
    if (!isStorableText(value)) report(UNSTORABLE_TEXT, path)
  } else if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) checkJson(element, [...path, index], report)
  } else if (isPlainObject(value)) {
    for (const [key, element] of Object.entries(value)) {
      if (!isStorableText(key)) report(UNSTORABLE_TEXT, path)
      // JSON.stringify drops such a key too.
      if (element !== undefined) checkJson(element, [...path, key], report)
    }
  } else if (value !== null && typeof value !== 'boolean' && !Number.isFinite(value)) {
    report('must be a JSON value', path)
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
