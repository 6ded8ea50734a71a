/** Rules that a query's comments turn off: `-- @vet-off <rule>: <reason>` on a line of its own within the statement, or
 *  `-- @vet-off <rule>(<parameter>, <parameter>): <reason>` for what these parameters cause. */

import type { SourceQuery } from '../../generate/source-query.js'
import { findingIn } from './place.js'
import { PREPARE } from './prepare.js'
import type { VetFinding } from './rule.js'

/** A rule turned off for one query. */
export interface Off {
  readonly rule: string
  /** Null: for the whole query. */
  readonly parameters: readonly string[] | null
  readonly reason: string
  /** The comment's line in the file. */
  readonly line: number
}

/** What one query turns off: each comment as it is meant, or null in its place when it is malformed. */
interface Comment {
  readonly line: number
  readonly off: Off | null
}

export const VET_OFF = 'vet-off'

const TAG = /--\s*@vet-off\b/
const COMMENT = /^\s*--\s*@vet-off\s+([a-z][a-z-]*)\s*(?:\(([^()]*)\))?\s*:\s*(\S.*)$/
const PARAMETER = /^\w+$/
const FORM = 'write `-- @vet-off <rule>: <reason>` or `-- @vet-off <rule>(<parameter>, ...): <reason>` on its own line'

/** Gives the rules that a query turns off, those of well-formed comments. */
export function readOffs(source: SourceQuery): readonly Off[] {
  return commentsOf(source).flatMap(({ off }) => (off === null ? [] : [off]))
}

function commentsOf({ ir, line: first }: SourceQuery): readonly Comment[] {
  return ir.statement.split('\n').flatMap((text, index) => {
    if (!TAG.test(text)) return []
    const line = first + index
    const [, rule = '', list, reason = ''] = COMMENT.exec(text.trimEnd()) ?? []
    const parameters = list === undefined ? null : list.split(',').map((name) => name.trim())
    const isRight = rule !== '' && (parameters === null || parameters.every((name) => PARAMETER.test(name)))
    return [{ line, off: isRight ? { rule, parameters, reason, line } : null }]
  })
}

function isOff({ rule, parameter }: VetFinding, off: Off): boolean {
  if (off.rule !== rule) return false
  return off.parameters === null || (parameter !== undefined && off.parameters.includes(parameter))
}

/** What is known of the rules. */
export interface KnownRules {
  /** The names of all rules. */
  readonly all: readonly string[]
  /** Those that have looked at the query: only of these can a comment be stale. */
  readonly run: readonly string[]
}

/** Takes out the findings that a query turns off, and adds one for each comment that is malformed, names an unknown rule
 *  or turns off what is not found. */
export function applyOffs(
  source: SourceQuery,
  findings: readonly VetFinding[],
  { all, run }: KnownRules,
): readonly VetFinding[] {
  const offs = readOffs(source)
  const kept = findings.filter((finding) => !offs.some((off) => isOff(finding, off)))
  const complaints = commentsOf(source).flatMap(({ line, off }) => {
    const found = (message: string, advice: string) => [findingIn(source, line, { rule: VET_OFF, message, advice })]
    if (off === null)
      return found('the comment has no rule or no reason that can be read, so it turns nothing off', FORM)
    if (!all.includes(off.rule)) {
      return found(`there is no rule ${off.rule}`, `\`ashlar vet --rules\` lists them: ${all.join(', ')}`)
    }
    // Of what the server refuses the rules see only a part, or nothing.
    if (!run.includes(off.rule) || findings.some(({ rule }) => rule === PREPARE.name)) return []
    const idle = (off.parameters ?? [undefined]).filter((parameter) => {
      const part = parameter === undefined ? off : { ...off, parameters: [parameter] }
      return !findings.some((finding) => isOff(finding, part))
    })
    return idle.flatMap((parameter) => {
      const what = parameter === undefined ? off.rule : `${off.rule} for :${parameter}`
      return found(
        `${what} is turned off, but finds nothing here`,
        'take the comment away, or that parameter out of it',
      )
    })
  })
  return [...kept, ...complaints]
}
