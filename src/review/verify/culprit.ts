/** Which migration is behind a change: told by what its text names, since a live database does not remember. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest } from '../../generate/manifest-file.js'
import { isAshlarItself, sourcesOf } from '../../migrate/source.js'
import type { VerifyFinding } from './finding.js'
import { hasWord, positionOf } from './words.js'

interface MigrationText {
  readonly file: string
  /** Up to where it says how to go back; comments blanked out. */
  readonly text: string
}

const DOWN = /^\s*--[\s-]*down\s+migration.*$/im

/** Reads the migrations that are new since a release, the latest last. None where its manifest does not tell. */
export async function newMigrations(project: string, { migrations = {} }: Manifest): Promise<readonly MigrationText[]> {
  const texts: MigrationText[] = []
  for (const { name, folder } of sourcesOf(project)) {
    const last = migrations[name]
    if (last === undefined) continue
    const shown = name === 'project' || isAshlarItself(project) ? 'migrations' : 'ashlar/migrations'
    for (const file of (await readdir(folder)).filter((each) => /\.(sql|mjs)$/.test(each)).sort()) {
      if (file.replace(/\.\w+$/, '') <= last) continue
      const text = await readFile(join(folder, file), 'utf8')
      texts.push({ file: `${shown}/${file}`, text: withoutComments(text.slice(0, DOWN.exec(text)?.index)) })
    }
  }
  return texts
}

/** Keeps the lines. */
function withoutComments(text: string): string {
  return text.replace(/--.*$/gm, '').replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
}

/** Gives the place in the latest migration that has all the names, or else the first of them. */
export function culpritOf(migrations: readonly MigrationText[], words: readonly string[]): VerifyFinding['migration'] {
  const [first] = words
  if (first === undefined) return null
  const latest = [...migrations].reverse()
  const found =
    latest.find(({ text }) => words.every((word) => hasWord(text, word))) ??
    words.map((word) => latest.find(({ text }) => hasWord(text, word))).find((each) => each !== undefined)
  if (found === undefined) return null
  const word = words.find((each) => hasWord(found.text, each)) ?? first
  return { file: found.file, line: found.text.slice(0, positionOf(found.text, word)).split('\n').length }
}
