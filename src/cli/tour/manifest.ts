/** Manifests of packages: in the wild, any of their fields holds anything. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What a package.json says. */
export type Manifest = Readonly<Record<string, unknown>>

/** Reads the package.json of a folder; null when it has none that can be read, or one without a name. */
export async function readManifest(folder: string): Promise<(Manifest & { readonly name: string }) | null> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest | null
    return typeof manifest?.name === 'string' && manifest.name !== '' ? { ...manifest, name: manifest.name } : null
  } catch {
    return null
  }
}

/** Gives name@version, as long as a name may be. */
export function identityOf({ name, version }: Manifest): string {
  return `${name}@${typeof version === 'string' ? version : '0.0.0'}`.slice(0, 200)
}

/** Keeps a text that is not empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Keeps the entries that are texts. */
export function textsOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
  return Object.fromEntries(Object.entries(value).filter(([key, text]) => key !== '' && textOf(text) !== undefined))
}

/** Keeps each text once, if it is not too long for a name. */
export function namesOf(value: unknown): string[] {
  if (!Array.isArray(value)) return []
  return [
    ...new Set(value.filter((name): name is string => typeof name === 'string' && name !== '' && name.length <= 200)),
  ]
}
