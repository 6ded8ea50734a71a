/** Reads packages as services that need each other, as Node would find them. */

import { realpath } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import type { NewService } from '../../registry/service.js'
import type { NewServiceDependency } from '../../registry/service-dependency.js'
import { identityOf, type Manifest, namesOf, readManifest, textOf, textsOf } from './manifest.js'

/** Packages and what they need of each other. */
export interface PackageGraph {
  readonly services: readonly NewService[]
  /** Required where a package says `dependencies`, else optional. In a fixed order. */
  readonly dependencies: readonly Required<NewServiceDependency>[]
}

type Kind = 'required' | 'optional'

/** Reads the packages of a folder, given by theirs. What stands in node_modules of the folder itself has its own name; another
 *  version below, a name with its version. The same version at several places is one service. */
export async function readPackageGraph(folder: string, paths: readonly string[]): Promise<PackageGraph> {
  const manifests = new Map<string, Manifest & { readonly name: string }>()
  await Promise.all(
    paths.map(async (path) => {
      const manifest = await readManifest(path)
      if (manifest !== null) manifests.set(path, manifest)
    }),
  )
  const find = createFinder(new Set(manifests.keys()))
  const hoisted = new Map<string, string>()
  for (const [path, manifest] of manifests) {
    if ((await find(folder, manifest.name)) === path) hoisted.set(identityOf(manifest), manifest.name.slice(0, 200))
  }
  const nameOf = (manifest: Manifest): string => {
    const identity = identityOf(manifest)
    return hoisted.get(identity) ?? identity
  }

  const services = new Map<string, NewService>()
  const kinds = new Map<string, Map<string, Kind>>()
  for (const path of [...manifests.keys()].sort()) {
    const manifest = manifests.get(path) as Manifest
    const name = nameOf(manifest)
    if (!services.has(name)) services.set(name, toService(name, relative(folder, path), manifest))
    const needs = kinds.get(name) ?? new Map<string, Kind>()
    kinds.set(name, needs)
    for (const [needed, kind] of neededBy(manifest)) {
      const target = manifests.get((await find(path, needed)) ?? '')
      const other = target === undefined ? name : nameOf(target)
      if (other !== name && needs.get(other) !== 'required') needs.set(other, kind)
    }
  }
  return {
    services: [...services.values()],
    dependencies: [...kinds].flatMap(([service, needs]) =>
      [...needs].map(([dependsOn, kind]) => ({ service, dependsOn, kind })),
    ),
  }
}

/** What a package says that it needs. npm lets an optional dependency overrule one of the same name. */
function neededBy(manifest: Manifest): ReadonlyMap<string, Kind> {
  const listed = (field: string, kind: Kind) =>
    Object.keys(textsOf(manifest[field])).map((name): [string, Kind] => [name, kind])
  return new Map([
    ...listed('peerDependencies', 'optional'),
    ...listed('dependencies', 'required'),
    ...listed('optionalDependencies', 'optional'),
  ])
}

function toService(name: string, location: string, manifest: Manifest): NewService {
  const { version, description, repository } = manifest
  return {
    name,
    version: textOf(version)?.slice(0, 100) ?? null,
    description: textOf(description)?.slice(0, 10_000) ?? null,
    buildType: 'external',
    location: location.slice(0, 2_000),
    source: (textOf(repository) ?? textsOf(repository).url)?.slice(0, 2_000) ?? null,
    tags: namesOf(manifest.keywords),
  }
}

/** Makes a function that finds a package from a folder as Node does: in node_modules of the folder, of the one above it, and so
 *  on; links are followed. Gives null for what is none of `known`. */
function createFinder(known: ReadonlySet<string>): (from: string, name: string) => Promise<string | null> {
  const real = new Map<string, Promise<string | null>>()
  const followed = (path: string): Promise<string | null> => {
    const started = real.get(path) ?? realpath(path).catch(() => null)
    real.set(path, started)
    return started
  }
  return async (from, name) => {
    for (let folder = from; ; folder = dirname(folder)) {
      if (basename(folder) !== 'node_modules') {
        const modules = join(folder, 'node_modules')
        const path = join(modules, name)
        if (known.has(path)) return path
        // Few folders have packages of their own.
        const target = (await followed(modules)) === null ? null : await followed(path)
        if (target !== null && known.has(target)) return target
      }
      if (dirname(folder) === folder) return null
    }
  }
}
