/** The checksum at the end of a backup's file. pg_dump's format has one of the rows alone (Adler-32), and none of the table
 *  of contents: a changed column name there would go unnoticed. */

import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { appendFile, open } from 'node:fs/promises'
import { BackupError } from '../errors.js'

// An empty gzip member with a comment (RFC 1952): gzip and tar read over it, and pg_restore does not read so far.
const HEAD = Buffer.concat([
  Buffer.from([0x1f, 0x8b, 8, 0x10, 0, 0, 0, 0, 0, 0xff]),
  Buffer.from('ashlar-backup sha256 ', 'latin1'),
])
const TAIL = Buffer.from([0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0])
const HEX_BYTES = 64

/** Bytes of a seal. */
export const SEAL_BYTES = HEAD.length + HEX_BYTES + TAIL.length

/** What a backup's file holds. */
export type BackupKind = 'dump' | 'folder'

/** Appends the SHA-256 of everything in the file so far. */
export async function seal(file: string): Promise<void> {
  const digest = await digestOf(file, statSync(file).size)
  await appendFile(file, Buffer.concat([HEAD, Buffer.from(digest, 'latin1'), TAIL]))
}

/** Tells what a file holds and how many bytes that is, without the seal.
 *  @throws {BackupError} `damaged` when its content is not what was sealed, or it has no seal and `mayBeUnsealed` is not
 *    given; `not-a-backup`; `file` when it cannot be read */
export async function checkSeal(file: string, mayBeUnsealed = false): Promise<{ kind: BackupKind; bytes: number }> {
  const { size, kind, end } = await look(file)
  if (kind === null) {
    throw new BackupError(
      'not-a-backup',
      file,
      `${file} is no backup: it begins neither as an archive of pg_dump (custom format) nor as a gzip file`,
    )
  }
  const isSealed = end.subarray(0, HEAD.length).equals(HEAD) && end.subarray(-TAIL.length).equals(TAIL)
  if (!isSealed && mayBeUnsealed) return { kind, bytes: size }
  if (!isSealed) {
    throw new BackupError(
      'damaged',
      file,
      `${file} does not end with the checksum that \`ashlar backup\` writes: it was cut short or damaged, use another copy; if another program made it, --unsealed takes it as it is`,
    )
  }
  const sealed = end.subarray(HEAD.length, HEAD.length + HEX_BYTES).toString('latin1')
  if ((await digestOf(file, size - SEAL_BYTES)) !== sealed) {
    throw new BackupError(
      'damaged',
      file,
      `${file} is damaged: its content does not have the checksum at its end; use another copy`,
    )
  }
  return { kind, bytes: size - SEAL_BYTES }
}

async function look(file: string): Promise<{ size: number; kind: BackupKind | null; end: Buffer }> {
  try {
    const handle = await open(file, 'r')
    try {
      const stat = await handle.stat()
      if (!stat.isFile()) throw new BackupError('file', file, `${file} is no regular file`)
      const { size } = stat
      const begin = Buffer.alloc(5)
      await handle.read(begin, 0, begin.length, 0)
      const end = Buffer.alloc(SEAL_BYTES)
      if (size >= SEAL_BYTES) await handle.read(end, 0, SEAL_BYTES, size - SEAL_BYTES)
      return { size, kind: kindOf(begin), end }
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof BackupError) throw error
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    throw new BackupError('file', file, `${file} cannot be read (${code}): name a file that \`ashlar backup\` wrote`)
  }
}

function kindOf(begin: Buffer): BackupKind | null {
  if (begin.toString('latin1') === 'PGDMP') return 'dump'
  return begin[0] === 0x1f && begin[1] === 0x8b ? 'folder' : null
}

async function digestOf(file: string, bytes: number): Promise<string> {
  const hash = createHash('sha256')
  if (bytes > 0) for await (const chunk of createReadStream(file, { end: bytes - 1 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
