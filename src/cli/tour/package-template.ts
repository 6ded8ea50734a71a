/** Reads packages as templates: the layout of their files, with what is theirs alone made a variable. */

import { readFile, stat } from 'node:fs/promises'
import { extname, relative, sep } from 'node:path'
import type { NewTemplate } from '../../agent/template.js'
import { languages } from './languages.js'
import { identityOf, type Manifest, namesOf, readManifest, textOf, textsOf } from './manifest.js'
import { filesBelow } from './package-files.js'

/** What a package may have and still be a layout to learn from. */
const MAX_FILES = 40
const MAX_FILE_BYTES = 32_768

/** Fields of a manifest that differ from project to project; the first two each project must have. */
const required = ['name', 'version'] as const
const optional = ['description', 'author', 'license', 'homepage'] as const

/** Reads one package as a template; null when it is no small package of texts with a manifest. */
export async function readTemplate(folder: string): Promise<NewTemplate | null> {
  const manifest = await readManifest(folder)
  const paths = await filesBelow(folder)
  if (manifest === null || paths.length > MAX_FILES) return null
  const files = await readTexts(folder, paths)
  if (files === null) return null
  const optionalVariables = optional.filter((name) => textOf(manifest[name]) !== undefined)
  const variables = [...required, ...optionalVariables].map((name) => [name, `{{${name}}}`])
  return {
    name: identityOf(manifest),
    version: textOf(manifest.version)?.slice(0, 100) ?? '0.0.0',
    description: textOf(manifest.description)?.slice(0, 10_000) ?? null,
    category: categoryOf(manifest),
    files: { ...files, 'package.json': JSON.stringify({ ...manifest, ...Object.fromEntries(variables) }, null, 2) },
    requiredVariables: [...required],
    optionalVariables,
    techStack: [...new Set(paths.flatMap((path) => languages[extname(path)] ?? []))].sort(),
    tags: namesOf(manifest.keywords),
    complexity: paths.length <= 5 ? 'simple' : paths.length <= 15 ? 'moderate' : 'complex',
    // A minute to fill in the variables, and one for each package that has to be looked at.
    estimatedSetupMinutes: 1 + Object.keys(textsOf(manifest.dependencies)).length,
  }
}

/** Reads files as texts by their relative paths; null when one is too large or no text. */
async function readTexts(folder: string, paths: readonly string[]): Promise<Record<string, string> | null> {
  const files: Record<string, string> = {}
  for (const path of paths) {
    const { size } = await stat(path).catch(() => ({ size: Number.POSITIVE_INFINITY }))
    if (size > MAX_FILE_BYTES) return null
    const content = await readFile(path, 'utf8')
    if (content.includes('\0') || content.includes('\uFFFD')) return null
    files[relative(folder, path).split(sep).join('/')] = content
  }
  return files
}

function categoryOf({ name, bin }: Manifest): string {
  if (typeof name === 'string' && name.startsWith('@types/')) return 'types'
  return bin === undefined ? 'library' : 'command line'
}
