/** Input checks: zod schemas in, one typed error out, no value in any message. */

import type { z } from 'zod'
import { ValidationError, type ValidationIssue } from '../errors.js'

/** Parses input with a schema.
 *  @throws {ValidationError} when the input does not fit; names every field at fault, never its value */
export function parse<T extends z.ZodType>(schema: T, input: unknown, subject: string): z.output<T> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  throw new ValidationError(subject, result.error.issues.map(toIssue))
}

function toIssue(issue: z.core.$ZodIssue): ValidationIssue {
  return { path: formatPath(issue.path), message: issue.message }
}

/** Writes a path as JavaScript would: `rows[3].codebase.files`, `files["src/index.ts"]`. */
function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    const name = String(part)
    if (text !== '' && !/^[\w$]+$/.test(name)) return `${text}[${JSON.stringify(name)}]`
    return text === '' ? name : `${text}.${name}`
  }, '')
}
