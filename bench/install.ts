/** What a run needs before it can start: the contenders, in bench's own folder, and ashlar as it is built. */

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Installs the contenders if one is missing or has another version than package.json says, and builds ashlar.
 *  @throws {Error} when npm fails */
export function prepareRun(onProgress: (message: string) => void): void {
  if (!isInstalled()) {
    onProgress('installing the contenders: npm install --prefix bench')
    npm('install', '--prefix', 'bench', '--no-fund', '--no-audit')
  }
  // What is measured is what users get, not what tsx makes of the source.
  onProgress('building ashlar: npm run build')
  npm('run', '--silent', 'build')
}

function isInstalled(): boolean {
  const manifest = read(new URL('package.json', import.meta.url)) as { dependencies: Record<string, string> }
  return Object.entries(manifest.dependencies).every(([name, version]) => {
    const file = new URL(`node_modules/${name}/package.json`, import.meta.url)
    if (!existsSync(file)) return false
    return version.startsWith('file:') || (read(file) as { version: string }).version === version
  })
}

function read(file: URL): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** Its output goes to the screen, not to where results go. */
function npm(...args: readonly string[]): void {
  const { status } = spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed`)
}
