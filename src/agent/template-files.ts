/** The shape of a template's files. What is a path agrees with the constraints of the table. */

import { z } from 'zod'
import { lazily } from '../engine/lazily.js'
import { isPlainObject, text } from '../engine/shapes.js'

const MAX_FILES = 1_000
/** Of all files of a template together, in UTF-8. */
const MAX_BYTES = 10_000_000

const shapes = lazily(() => ({ path: text(500), content: text(1_000_000, 0) }))

/** An empty segment (which is also a slash at either end), one that ends in a dot or a space, a backslash, a drive, a
 *  control character. */
const UNSAFE_PATH = /(^|\/)(\/|$)|[. ](\/|$)|\\|^[A-Za-z]:|\p{Cc}/u

const PATH_RULE =
  'is no path that is relative and has no segment that is empty or ends in a dot or a space, no backslash, drive letter or control character'

/** Content by path. No z.record: that would drop a file called `__proto__`. */
export const filesShape = () =>
  z.custom<Readonly<Record<string, string>>>().superRefine((value, context) => {
    const report = (message: string, path: string[] = []) => context.addIssue({ code: 'custom', message, path })
    if (!isPlainObject(value)) return report('must be an object: content by path')
    const entries = Object.entries(value)
    if (entries.length > MAX_FILES) return report(`must have at most ${MAX_FILES} files`)
    for (const [name, text] of entries) {
      const pathIssue = issueOf(shapes.path, name)
      if (pathIssue !== null) report(`has a path that cannot be used: ${pathIssue}`)
      else if (UNSAFE_PATH.test(name)) report(PATH_RULE, [name])
      else {
        const issue = issueOf(shapes.content, text)
        if (issue !== null) report(issue, [name])
      }
    }
    const folder = folderAmong(value)
    if (folder !== undefined) report('is a file and a folder', [folder])
    if (bytesOf(value) > MAX_BYTES) report(`must have at most ${MAX_BYTES} bytes in all`)
  })

/** Gives a path that another one goes through. */
function folderAmong(files: Readonly<Record<string, string>>): string | undefined {
  for (const path of Object.keys(files)) {
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
      if (Object.hasOwn(files, path.slice(0, at))) return path.slice(0, at)
    }
  }
  return undefined
}

/** Gives the size of all contents in UTF-8. Takes also what was refused: zod goes on to look for further issues. */
export function bytesOf(files: unknown): number {
  return Object.values(files ?? {}).reduce<number>(
    (bytes, text) => bytes + (typeof text === 'string' ? Buffer.byteLength(text) : 0),
    0,
  )
}

function issueOf(schema: z.ZodType, value: unknown): string | null {
  return schema.safeParse(value).error?.issues[0]?.message ?? null
}
