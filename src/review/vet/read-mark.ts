/** The rule `read-mark`: what is committed says rightly whether a query only reads. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateCommand } from '../../generate/project.js'
import { isRead } from '../../generate/read-mark.js'
import { findingIn, firstLine } from './place.js'
import type { QueryContext, QueryRule, VetFinding } from './rule.js'

const NAME = 'read-mark'

export const readMark: QueryRule = {
  kind: 'query',
  name: NAME,
  why: 'What is marked as a read shares lanes, is sent again after a broken connection and may go to a standby: a write must not.',
  async check(context) {
    const { source, tree, volatility, manifest } = context
    const expected = isRead(tree, volatility)
    const file = context.project.files.find((each) => each.file === source.file)?.output ?? source.file
    const marks = [
      { where: context.project.manifest, isMarked: manifest?.isRead ?? null },
      { where: file, isMarked: await markIn(context, file) },
    ]
    const found = (message: string): VetFinding => {
      const advice = `run \`${generateCommand(context.project)}\` and commit what it writes`
      return findingIn(source, firstLine(source), { rule: NAME, message, advice })
    }
    if (marks.every(({ isMarked }) => isMarked === null)) {
      return [found(`it is not generated yet: neither ${marks.map(({ where }) => where).join(' nor ')} has it`)]
    }
    return marks.flatMap(({ where, isMarked }): readonly VetFinding[] => {
      if (isMarked === expected) return []
      const message =
        isMarked === null
          ? `${where} does not have it`
          : isMarked
            ? `${where} marks it as a read, but it writes, locks or calls what may: it would be sent on shared lanes, and twice after a broken connection`
            : `${where} does not mark it as a read, though it is one: it is kept off the shared lanes`
      return [found(message)]
    })
  },
}

/** What a generated file says of a query; null when it does not have it. */
async function markIn({ project, source: { name } }: QueryContext, file: string): Promise<boolean | null> {
  const text = await readFile(join(project.folder, file), 'utf8').catch(() => '')
  const start = text.search(new RegExp(`^export const ${name} = new Query<`, 'm'))
  if (start === -1) return null
  const rest = text.slice(start)
  return /[{,]\s*read:\s*true\b/.test(rest.slice(0, rest.search(/\)\s*;?\s*$/m)))
}
