/** Reads packages as project contexts: real projects, by the hundreds, on every machine that has npm. */

import { stat } from 'node:fs/promises'
import { extname } from 'node:path'
import type { NewProjectContext } from '../../agent/project-context.js'
import { languages } from './languages.js'
import { identityOf, type Manifest, namesOf, readManifest, textOf, textsOf } from './manifest.js'
import { filesBelow } from './package-files.js'

/** The owner of all contexts that the tour makes. */
export const TOUR_OWNER = 'tour'

/** Kinds of files that say nothing about the language a project is written in. */
const prose = new Set(['JSON', 'Markdown', 'YAML', 'HTML', 'CSS'])

/** Reads one package as a project context; null when the folder has no readable package.json with a name. */
export async function readContext(folder: string): Promise<NewProjectContext | null> {
  const manifest = await readManifest(folder)
  if (manifest === null) return null
  const code = await measureCode(folder)
  const features = featuresOf(manifest)
  return {
    owner: TOUR_OWNER,
    name: identityOf(manifest),
    description: textOf(manifest.description)?.slice(0, 10_000) ?? null,
    language: code.languages.find(({ name }) => !prose.has(name))?.name ?? null,
    codebase: {
      ...code,
      moduleKind: manifest.type === 'module' ? 'esm' : 'commonjs',
      features,
      executables: executablesOf(manifest),
    },
    configuration: {
      scripts: textsOf(manifest.scripts),
      engines: textsOf(manifest.engines),
      ...(textOf(manifest.license) === undefined ? {} : { licence: textOf(manifest.license) as string }),
    },
    techStack: namesOf(manifest.keywords),
    dependencies: Object.keys({ ...textsOf(manifest.dependencies), ...textsOf(manifest.peerDependencies) }).sort(),
  }
}

async function measureCode(folder: string) {
  const byLanguage = new Map<string, { name: string; files: number; bytes: number }>()
  let files = 0
  let bytes = 0
  for (const path of await filesBelow(folder)) {
    const { size } = await stat(path).catch(() => ({ size: 0 }))
    files += 1
    bytes += size
    const name = languages[extname(path)]
    if (name === undefined) continue
    const entry = byLanguage.get(name) ?? { name, files: 0, bytes: 0 }
    byLanguage.set(name, { name, files: entry.files + 1, bytes: entry.bytes + size })
  }
  return { files, bytes, languages: [...byLanguage.values()].sort((a, b) => b.bytes - a.bytes) }
}

/** Names of what a package offers; asked for by containment. */
function featuresOf(manifest: Manifest): string[] {
  const features = { bin: 'executables', exports: 'exports', types: 'types', typings: 'types', browser: 'browser' }
  return [...new Set(Object.entries(features).flatMap(([key, name]) => (manifest[key] ? [name] : [])))]
}

function executablesOf({ bin, name }: Manifest): string[] {
  if (typeof bin === 'string') return [String(name).replace(/^@[^/]+\//, '')]
  return Object.keys(textsOf(bin))
}
