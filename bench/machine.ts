/** What the figures were measured on and with. */

import { readFileSync } from 'node:fs'
import { arch, cpus, platform, totalmem } from 'node:os'
import type { Client } from 'pg'
import { versionOf as programVersion } from './programs.js'
import { readSettings } from './server.js'

/** Versions and sizes that a figure depends on. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly system: string
  readonly node: string
  readonly server: Readonly<Record<string, string>>
  readonly versions: Readonly<Record<string, string>>
}

/** Describes the machine, the server and the contenders by their npm packages, `ashlar` among them. */
export async function describeMachine(admin: Client, packages: readonly string[]): Promise<Machine> {
  const [cpu] = cpus()
  const programs = ['pgbench', 'psql'].map((name) => [name, programVersion(name) ?? 'not installed'])
  const versions = ['ashlar', ...new Set(packages)].map((name) => [name, packageVersion(name)])
  return {
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${arch()}`,
    node: process.version,
    server: await readSettings(admin),
    versions: Object.fromEntries([...versions, ...programs]),
  }
}

/** Gives the description as lines for the screen. */
export function toLines({ cpu, cores, memoryGb, system, node, server, versions }: Machine): readonly string[] {
  const list = (values: Readonly<Record<string, string>>): string =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')
  return [
    `${cpu}, ${cores} cores shared with the server, ${memoryGb} GB, ${system}, Node ${node}`,
    list(server),
    list(versions),
  ]
}

/** By file: not every package exports its package.json. */
function packageVersion(name: string): string {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
