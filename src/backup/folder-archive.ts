/** An embedded server's folder as a tar archive: what is in it, and how it is written. */

import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { Header } from 'tar'
import { z } from 'zod'
import { lazily } from '../engine/lazily.js'
import { BackupError } from '../errors.js'

/** The first entry: whether this machine can use the rest. */
export const FACTS_NAME = 'ashlar-backup.json'
/** The last entry, as `sha256sum --check` reads it. */
export const SUMS_NAME = 'SHA256SUMS'

/** Refused by any server but of the same major version, processor and operating system. */
export const folderFacts = lazily(() =>
  z.object({
    format: z.literal(1),
    ashlar: z.string(),
    postgres: z.string(),
    platform: z.string(),
    arch: z.string(),
    tables: z.int(),
    createdAt: z.string(),
  }),
)

/** What the first entry says. */
export type FolderFacts = Readonly<z.infer<typeof folderFacts>>

// As pg_basebackup has it: what a server makes anew at its start.
const emptied = new Set(['pg_dynshmem', 'pg_notify', 'pg_serial', 'pg_snapshots', 'pg_stat_tmp', 'pg_subtrans'])
const leftOut = /^(?:postmaster\.(?:pid|opts)|pg_internal\.init.*|pgsql_tmp.*|current_logfiles.*)$/

/** A file or folder of the data, its path with `/`. */
interface DataEntry {
  readonly path: string
  readonly isFolder: boolean
  readonly size: number
}

/** Walks the data in order.
 *  @throws {BackupError} `refused` when something lies outside of it: a tablespace, or a WAL folder elsewhere */
function* dataEntries(folder: string, path: string, file: string): Generator<DataEntry> {
  yield { path, isFolder: true, size: 0 }
  if (emptied.has(path.slice('data/'.length))) return
  for (const name of readdirSync(join(folder, path)).sort()) {
    if (leftOut.test(name)) continue
    const found = lstatSync(join(folder, path, name))
    const below = `${path}/${name}`
    if (found.isDirectory()) yield* dataEntries(folder, below, file)
    else if (found.isFile()) yield { path: below, isFolder: false, size: found.size }
    else {
      throw new BackupError(
        'refused',
        file,
        `${join(folder, below)} is a link or a special file: data outside of the folder (a tablespace) cannot be archived; use pg_dump while the server runs`,
      )
    }
  }
}

const BLOCK = 512

function header(path: string, size: number, isFolder: boolean): Buffer {
  const made = new Header({
    path: isFolder ? `${path}/` : path,
    mode: isFolder ? 0o700 : 0o600,
    uid: 0,
    gid: 0,
    size,
    mtime: new Date(0),
    type: isFolder ? 'Directory' : 'File',
  })
  const block = Buffer.alloc(BLOCK)
  if (made.encode(block)) throw new Error(`${path} is too long for an archive`)
  return block
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)
}

/** Writes the data of a stopped server, and its server.json, which holds the password. Memory does not grow with it. */
export async function writeArchive(
  partial: string,
  { folder, facts, file }: { readonly folder: string; readonly facts: FolderFacts; readonly file: string },
): Promise<void> {
  const sums: string[] = []
  async function* entry(
    path: string,
    size: number,
    chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  ): AsyncGenerator<Buffer> {
    yield header(path, size, false)
    const hash = createHash('sha256')
    let written = 0
    for await (const chunk of chunks) {
      hash.update(chunk)
      written += chunk.length
      yield chunk
    }
    if (written !== size)
      throw new BackupError('in-use', file, `${join(folder, path)} changed while it was read: end what uses it`)
    yield padding(size)
    sums.push(`${hash.digest('hex')}  ${path}\n`)
  }
  async function* archive(): AsyncGenerator<Buffer> {
    const text = Buffer.from(`${JSON.stringify(facts, null, 2)}\n`)
    yield* entry(FACTS_NAME, text.length, [text])
    for (const { path, isFolder, size } of dataEntries(folder, 'data', file)) {
      if (isFolder) yield header(path, 0, true)
      else yield* entry(path, size, createReadStream(join(folder, path)) as AsyncIterable<Buffer>)
    }
    const { size } = lstatSync(join(folder, 'server.json'))
    yield* entry('server.json', size, createReadStream(join(folder, 'server.json')) as AsyncIterable<Buffer>)
    const list = Buffer.from(sums.join(''))
    yield* entry(SUMS_NAME, list.length, [list])
    yield Buffer.alloc(2 * BLOCK)
  }
  // Level 1: half of the time of the usual 6, for a tenth more bytes.
  await pipeline(Readable.from(archive()), createGzip({ level: 1 }), createWriteStream(partial, { flags: 'r+' }))
}
