/** Reads an archive of an embedded server's folder: all of it, each entry against its checksum. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { Parser, type ReadEntry } from 'tar'
import { BackupError } from '../errors.js'
import { FACTS_NAME, type FolderFacts, folderFacts, SUMS_NAME } from './folder-archive.js'

/** What is read whole: the first entry, and the checksums of some thousand files. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024

// Letters, digits and a few signs, no part of dots alone: an archive never writes outside of its folder.
const PATH = /^(?:server\.json|data(?:\/(?!\.{1,2}(?:\/|$))[\w.+@=~ -]+)*)$/

/** How an archive is read. */
export interface ReadTask {
  readonly file: string
  /** Where it is, when that is not its name yet. */
  readonly archive?: string
  /** Without the seal. */
  readonly bytes: number
  /** Called with what the first entry says, before anything is unpacked; may refuse. */
  readonly onFacts?: (facts: FolderFacts) => void
  /** An empty folder to unpack to; null: only read. */
  readonly into: string | null
}

/** Reads the archive and gives what its first entry says.
 *  @throws {BackupError} `damaged`, `not-a-backup`, or what `onFacts` throws */
export async function readArchive(task: ReadTask): Promise<FolderFacts> {
  const { file, archive = file, bytes } = task
  const reader = new Reader(task)
  // Strict: what tar would only warn of, a wrong checksum of a header among it, is an error.
  const parser = new Parser({ strict: true })
  let last = Promise.resolve()
  let failure: unknown
  const ended = new Promise<void>((resolve, reject) => {
    parser.on('end', resolve)
    parser.on('error', reject)
    parser.on('entry', (entry) => {
      last = last
        .then(() => reader.take(entry))
        .catch((error: unknown) => {
          failure ??= error
          // The rest is only read over.
          entry.resume()
        })
    })
  })
  ended.catch(() => {})
  try {
    await pipeline(
      createReadStream(archive, { end: bytes - 1 }),
      createGunzip(),
      async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) {
          if (failure !== undefined) throw failure
          if (!parser.write(chunk)) await new Promise<void>((resolve) => parser.once('drain', resolve))
        }
      },
    )
    parser.end()
    await ended
    await last
    if (failure !== undefined) throw failure
    return reader.finish()
  } catch (error) {
    throw readError(file, failure ?? error)
  }
}

function readError(file: string, error: unknown): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException & { readonly tarCode?: string }
  if (code.startsWith('Z_') || code.startsWith('TAR_')) {
    return new BackupError('damaged', file, `${file} is damaged (${message}); use another copy`)
  }
  return error
}

/** Takes the entries one by one. */
class Reader {
  readonly #task: ReadTask
  readonly #sums: string[] = []
  #facts: FolderFacts | null = null
  #listed: string | null = null

  constructor(task: ReadTask) {
    this.#task = task
  }

  async take(entry: ReadEntry): Promise<void> {
    const path = entry.path.replace(/\/$/, '')
    if (this.#facts === null) {
      this.#facts = this.#readFacts(path, await this.#text(entry))
      this.#task.onFacts?.(this.#facts)
    } else if (this.#listed !== null) throw this.#damaged(`${path} stands behind the checksums`)
    else if (path === SUMS_NAME) this.#listed = await this.#text(entry, false)
    else if (!PATH.test(path)) throw this.#damaged('it has an entry outside of data/')
    else if (entry.type === 'Directory') await this.#unpackFolder(entry, path)
    else if (entry.type === 'File' || entry.type === 'OldFile') await this.#unpackFile(entry, path)
    else throw this.#damaged(`${path} is a ${entry.type}, and only files and folders are unpacked`)
  }

  finish(): FolderFacts {
    if (this.#facts === null || this.#listed === null) throw this.#damaged('it ends before its last entry')
    if (this.#listed !== this.#sums.join('')) throw this.#damaged('an entry does not have its checksum')
    return this.#facts
  }

  #readFacts(path: string, text: string): FolderFacts {
    try {
      if (path === FACTS_NAME) return folderFacts.parse(JSON.parse(text))
    } catch {
      // Told below.
    }
    const { file } = this.#task
    throw new BackupError(
      'not-a-backup',
      file,
      `${file} is no backup of an embedded server, or one of a later ashlar: it does not begin with ${FACTS_NAME}`,
    )
  }

  async #text(entry: ReadEntry, isListed = true): Promise<string> {
    if (entry.size > MAX_TEXT_BYTES) throw this.#damaged(`${entry.path} is too long`)
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk as Buffer)
    const content = Buffer.concat(chunks)
    if (isListed) this.#note(createHash('sha256').update(content).digest('hex'), entry.path)
    return content.toString('utf8')
  }

  async #unpackFolder(entry: ReadEntry, path: string): Promise<void> {
    entry.resume()
    if (this.#task.into !== null) await mkdir(join(this.#task.into, path), { mode: 0o700 })
  }

  async #unpackFile(entry: ReadEntry, path: string): Promise<void> {
    const { into } = this.#task
    const hash = createHash('sha256')
    const handle: FileHandle | null = into === null ? null : await open(join(into, path), 'wx', 0o600)
    try {
      for await (const chunk of entry) {
        hash.update(chunk as Buffer)
        await handle?.writeFile(chunk as Buffer)
      }
    } finally {
      await handle?.close()
    }
    this.#note(hash.digest('hex'), path)
  }

  #note(digest: string, path: string): void {
    this.#sums.push(`${digest}  ${path}\n`)
  }

  #damaged(why: string): BackupError {
    return new BackupError('damaged', this.#task.file, `${this.#task.file} is damaged: ${why}; use another copy`)
  }
}
