/** Decoders of PostgreSQL's binary format, for the types where it is quicker than text. Measured on a busy machine, ns a
 *  value, server (EXPLAIN's SERIALIZE) and then client (ranges of several runs), text against binary: timestamptz 205 and
 *  97-185 against 43 and 77-133; float8 143 and 92-201 against 44 and 27-64; int8 66 and 31-99 against 43 and 32-43; bytea 84
 *  (16 bytes) and 248-404 (32) against 74 and 133-218; text[] of three 313 and 345-382 against 332 and 177-298. Nothing is
 *  gained for bool, int4 and int4[]; float4 would not be what its text says, and jsonb is text in both. */

import type { Decode } from './codec.js'
import { instant, safeInteger, unheldInstant } from './text-decoders.js'

/** Reads a big-endian int32. */
function int32At(bytes: Buffer, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  )
}

const TWO_TO_32 = 4_294_967_296

export const decodeInt8: Decode = (bytes, start) =>
  safeInteger(int32At(bytes, start) * TWO_TO_32 + (int32At(bytes, start + 4) >>> 0))

export const decodeFloat8: Decode = (bytes, start) => bytes.readDoubleBE(start)

export const decodeBinaryBytes: Decode = (bytes, start, end) => Buffer.from(bytes.subarray(start, end))

const MILLENNIUM_MS = Date.UTC(2000, 0, 1)
const MAX_INT32 = 0x7f_ff_ff_ff

/** Microseconds since 2000, 64 bits. */
export const decodeBinaryInstant: Decode = (bytes, start) => {
  const high = int32At(bytes, start)
  const low = int32At(bytes, start + 4) >>> 0
  if ((high === MAX_INT32 && low === 0xff_ff_ff_ff) || (high === -MAX_INT32 - 1 && low === 0)) throw unheldInstant()
  // Divided in two steps: past 285 years of microseconds a number would not be exact.
  const thousands = Math.floor(high / 1_000)
  const rest = (high - thousands * 1_000) * TWO_TO_32 + low
  return instant(thousands * TWO_TO_32 + Math.floor(rest / 1_000) + MILLENNIUM_MS)
}

/** Makes a decoder of arrays from that of their elements; nested arrays come out nested. Elements follow a head (number
 *  of dimensions, whether there are NULLs, type of the elements) and size and lower bound of each dimension. */
export function binaryArrayDecoder(decode: Decode): Decode {
  return (bytes, start) => {
    const dimensions = int32At(bytes, start)
    if (dimensions === 0) return []
    const first = start + 12 + dimensions * 8
    const values: unknown[] = []
    let at = first
    let count = 1
    for (let size = start + 12; size < first; size += 8) count *= int32At(bytes, size)
    for (let index = 0; index < count; index += 1) {
      const length = int32At(bytes, at)
      at += 4
      if (length < 0) {
        values.push(null)
      } else {
        values.push(decode(bytes, at, at + length))
        at += length
      }
    }
    let nested = values
    for (let size = first - 8; size > start + 12; size -= 8) nested = groupsOf(nested, int32At(bytes, size))
    return nested
  }
}

function groupsOf(values: readonly unknown[], size: number): unknown[] {
  return Array.from({ length: values.length / size }, (_, index) => values.slice(index * size, (index + 1) * size))
}
