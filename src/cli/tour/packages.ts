/** Reads the packages under a node_modules folder: real projects, by the hundreds, on every machine that has npm. */

import type { Dirent } from 'node:fs'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import type { NewProjectContext } from '../../agent/project-context.js'

/** The owner of all contexts that the tour makes. */
export const TOUR_OWNER = 'tour'

const languages: Readonly<Record<string, string>> = {
  '.c': 'C',
  '.cc': 'C++',
  '.cjs': 'JavaScript',
  '.cpp': 'C++',
  '.css': 'CSS',
  '.cts': 'TypeScript',
  '.go': 'Go',
  '.h': 'C',
  '.html': 'HTML',
  '.js': 'JavaScript',
  '.json': 'JSON',
  '.jsx': 'JavaScript',
  '.md': 'Markdown',
  '.mjs': 'JavaScript',
  '.mts': 'TypeScript',
  '.py': 'Python',
  '.rs': 'Rust',
  '.sh': 'Shell',
  '.sql': 'SQL',
  '.ts': 'TypeScript',
  '.tsx': 'TypeScript',
  '.wasm': 'WebAssembly',
  '.yaml': 'YAML',
  '.yml': 'YAML',
}

/** Kinds of files that say nothing about the language a project is written in. */
const prose = new Set(['JSON', 'Markdown', 'YAML', 'HTML', 'CSS'])

/** Finds the folders of all packages under `folder`/node_modules, nested ones too, in order of their paths. Follows links,
 *  which is how pnpm and workspaces install, each to its package once. */
export async function findPackages(folder: string): Promise<string[]> {
  const found = new Set<string>()
  await addPackages(folder, found)
  return [...found].sort()
}

async function addPackages(folder: string, found: Set<string>): Promise<void> {
  for (const path of await foldersIn(join(folder, 'node_modules'))) {
    const packages = basename(path).startsWith('@') ? await foldersIn(path) : [path]
    for (const each of packages) {
      if (found.has(each)) continue
      found.add(each)
      await addPackages(each, found)
    }
  }
}

/** Real paths of the visible folders in a folder; none when it is not there. */
async function foldersIn(folder: string): Promise<string[]> {
  const visible = (await entriesOf(folder)).filter(({ name }) => !name.startsWith('.'))
  const paths = await Promise.all(
    visible.map(async (entry) => {
      if (!entry.isDirectory() && !entry.isSymbolicLink()) return null
      const path = await realpath(join(folder, entry.name)).catch(() => null)
      return path !== null && (await stat(path)).isDirectory() ? path : null
    }),
  )
  return paths.filter((path) => path !== null)
}

/** Reads one package as a project context; null when the folder has no readable package.json with a name. */
export async function readPackage(folder: string): Promise<NewProjectContext | null> {
  const manifest = await readManifest(folder)
  if (typeof manifest?.name !== 'string' || manifest.name === '') return null
  const code = await measureCode(folder)
  const features = featuresOf(manifest)
  return {
    owner: TOUR_OWNER,
    name: `${manifest.name}@${typeof manifest.version === 'string' ? manifest.version : '0.0.0'}`.slice(0, 200),
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

type Manifest = Readonly<Record<string, unknown>>

async function readManifest(folder: string): Promise<Manifest | null> {
  try {
    return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest
  } catch {
    return null
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

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await entriesOf(folder)
  const below = await Promise.all(
    entries.map((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesBelow(path)
      return entry.isFile() ? [path] : []
    }),
  )
  return below.flat()
}

function entriesOf(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch(() => [])
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

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Keeps what is text: manifests in the wild hold anything. */
function textsOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
  return Object.fromEntries(Object.entries(value).filter(([key, text]) => key !== '' && textOf(text) !== undefined))
}

function namesOf(value: unknown): string[] {
  if (!Array.isArray(value)) return []
  return [
    ...new Set(value.filter((name): name is string => typeof name === 'string' && name !== '' && name.length <= 200)),
  ]
}
