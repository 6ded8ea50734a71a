import type { LintRule } from '../rule.js'

const TOLD = ['Why', 'Locks', 'Old code'] as const
const COMMENT = /^\s*(?:--|\/\/|\/?\*)/
const SECTION = /^\s*--[\s-]*(up|down)\s+migration/i

/** The first comment says what a reviewer must know. */
export const header: LintRule = {
  name: 'header',
  asks: 'the first comment says why (`Why:`), which locks are taken (`Locks:`) and whether code that runs now still works (`Old code:`)',
  check({ name, text }) {
    const lines = text.split('\n')
    const isHead = (line: string): boolean => COMMENT.test(line) && !SECTION.test(line)
    const first = lines.findIndex((line) => line.trim() !== '' && !SECTION.test(line))
    if (first === -1) return []
    const end = lines.findIndex((line, index) => index >= first && !isHead(line))
    const comment = lines.slice(first, end === -1 ? undefined : end).join('\n')
    const missing = TOLD.filter((word) => !new RegExp(`\\b${word}:\\s*\\S`, 'i').test(comment))
    if (missing.length === 0) return []
    return [
      {
        line: first + 1,
        subject: name,
        message: `the first comment has no ${missing.map((word) => `\`${word}:\``).join(', ')}; who deploys it cannot tell what it will do to the running system`,
        advice: 'begin with: -- Why: ... Locks: which tables, how long. Old code: not affected, or what breaks.',
      },
    ]
  },
}
