import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'

/** Copies a tree so that every user may read it, whatever the umask at its installation was. */
function copyReadable(from: string, to: string): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target)
    else if (entry.isDirectory()) {
      mkdirSync(target)
      copyReadable(source, target)
      chmodSync(target, 0o755)
    } else {
      copyFileSync(source, target)
      chmodSync(target, (statSync(source).mode & 0o111) === 0 ? 0o644 : 0o755)
    }
  }
}

/** Root runs nothing that another user could have put there. */
function refuseUntrusted(folder: string): void {
  const found = lstatSync(folder)
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0) return
  throw new Error(`${folder} is not a folder that only ${process.getuid?.() === 0 ? 'root' : 'this user'} can write`)
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

/** Returns `cache/name`, made once as a copy of `native` (60 MB, 0.1 s) that every user can read.
 *  @throws when the cache cannot be made or cannot be trusted */
export function cacheBinaries(native: string, name: string, cache: string): string {
  mkdirSync(cache, { recursive: true, mode: 0o755 })
  refuseUntrusted(cache)
  const target = join(cache, name)
  if (!exists(target)) {
    const partial = mkdtempSync(`${target}.partial-`)
    try {
      copyReadable(native, partial)
      chmodSync(partial, 0o755)
      renameSync(partial, target)
    } catch (error) {
      rmSync(partial, { recursive: true, force: true })
      // Another process was faster, and its copy is as good.
      if (!exists(target)) throw error
    }
  }
  refuseUntrusted(target)
  return target
}
