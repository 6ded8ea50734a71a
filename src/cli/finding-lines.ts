/** How findings of a review are shown to people. */

import pc from 'picocolors'
import type { Finding } from '../review/finding.js'
import { plainText } from './output.js'

/** Writes a finding as two lines: where and what, then what to do. */
export function findingLines({ rule, file, line, subject, message, advice }: Finding): readonly string[] {
  const at = `${file}${line === null ? '' : `:${line}`}`
  // Of a whole file, the subject is its name.
  const isFile = file === subject || file?.endsWith(`/${subject}`) === true
  const place = file === null ? subject : isFile ? at : `${at} ${subject}`
  return [`${pc.bold(place)}: ${plainText(message)} ${pc.dim(`(${rule})`)}`, `  what to do: ${plainText(advice)}`]
}
