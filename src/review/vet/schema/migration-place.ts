/** Where a project's migrations make what a rule about the schema finds. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listFiles } from '../../../generate/project.js'
import type { Finding } from '../../finding.js'

type Place = Pick<Finding, 'file' | 'line'>

const DOWN = /^\s*--\s*Down Migration\b/im

/** Finds the line of the latest migration that names something so; the first form that is found anywhere counts. Nulls
 *  when the project's migrations do not make it. */
async function placeOf(folder: string, forms: readonly RegExp[]): Promise<Place> {
  const files = [...(await listFiles(folder, 'migrations', '.sql')), ...(await listFiles(folder, 'migrations', '.mjs'))]
  const texts = await Promise.all(
    files.toSorted().map(async (file) => {
      const text = await readFile(join(folder, file), 'utf8')
      return { file, text: text.slice(0, DOWN.exec(text)?.index ?? text.length) }
    }),
  )
  for (const form of forms) {
    for (const { file, text } of texts.toReversed()) {
      const match = form.exec(text)
      if (match !== null) return { file, line: text.slice(0, match.index).split('\n').length }
    }
  }
  return { file: null, line: null }
}

/** Finds where an index is made, whose name is given with its schema. */
export function indexPlace(folder: string, name: string): Promise<Place> {
  const own = escaped(name.slice(name.indexOf('.') + 1))
  return placeOf(folder, [
    new RegExp(`\\bINDEX\\s+(?:CONCURRENTLY\\s+)?(?:IF\\s+NOT\\s+EXISTS\\s+)?"?${own}(?![\\w$])`, 'i'),
  ])
}

/** Finds where a constraint is made; one without a name of its own by its table. */
export function constraintPlace(folder: string, name: string, table: string): Promise<Place> {
  const own = table.split('.').map((part) => `"?${escaped(part.replaceAll('"', ''))}"?`)
  return placeOf(folder, [
    new RegExp(`\\bCONSTRAINT\\s+"?${escaped(name)}(?![\\w$])`, 'i'),
    new RegExp(`\\bTABLE\\s+(?:IF\\s+NOT\\s+EXISTS\\s+)?(?:${own[0]}\\s*\\.\\s*)?${own[1]}(?![\\w$])`, 'i'),
  ])
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
