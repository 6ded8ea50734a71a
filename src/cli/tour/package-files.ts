/** Finds the packages under a node_modules folder and the files of each. */

import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'

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

/** Gives the paths of all files below a folder, but for those of nested packages. */
export async function filesBelow(folder: string): Promise<string[]> {
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
