/** Results as they are stored: JSON, and with it what JSON has no word for. */

import { isDeepStrictEqual } from 'node:util'
import type { SuperJSON } from 'superjson'
import { TransactionError } from '../../errors.js'
import { isStorableText } from '../codec.js'
import { encodeJson } from '../encoders.js'

/** Longest text of a result, in bytes of UTF-8: 1 MiB. */
export const MAX_RESULT_BYTES = 1_048_576

/** What the text is of. */
interface Stored {
  readonly json: unknown
  /** Which values of `json` stand for others; absent where all are what they are. */
  readonly meta?: unknown
}

/** Loaded when a result needs it, and an instance of its own: what a program registers with superjson is not meant here. */
let loading: Promise<SuperJSON> | null = null

async function superjson(): Promise<SuperJSON> {
  const { SuperJSON } = await import('superjson')
  const own = new SuperJSON()
  own.registerCustom<Buffer, string>(
    {
      isApplicable: (value): value is Buffer => Buffer.isBuffer(value),
      serialize: (value) => value.toString('base64'),
      deserialize: (text) => Buffer.from(text, 'base64'),
    },
    'Buffer',
  )
  return own
}

/** Gives the text of a value. `query` is what an error's message begins with.
 *  @throws {TransactionError} when a replay could not give the value as it is, or its text is too long */
export async function resultText(query: string, value: unknown): Promise<string> {
  const plain = textOf({ json: value }, value, ({ json }) => json)
  if (plain !== null) return fitting(query, plain)
  loading ??= superjson()
  const own = await loading
  const text = attempt(() => {
    const stored: Stored = own.serialize(value)
    return textOf(stored, value, (read) => own.deserialize(read as never))
  })
  if (text !== null) return fitting(query, text)
  throw new TransactionError(
    `${query}: its result cannot be kept for its operationId, and it was rolled back: it must be plain data, without functions, instances of classes or text that PostgreSQL cannot hold`,
  )
}

/** Gives the value that {@link resultText} was given. `stored` is its text as JSON. */
export async function resultOf(stored: unknown): Promise<unknown> {
  const { json, meta } = stored as Stored
  if (meta === undefined) return json
  loading ??= superjson()
  return (await loading).deserialize(stored as never)
}

/** Null where the value does not come back as it was. */
function textOf(stored: Stored, value: unknown, read: (stored: Stored) => unknown): string | null {
  return attempt(() => {
    const text = encodeJson(stored) as string
    return isStorableText(text) && isDeepStrictEqual(read(JSON.parse(text)), value) ? text : null
  })
}

/** Values may have getters and proxies that throw, or be nested too deep: whatever it is, they cannot be kept. */
function attempt<T>(work: () => T): T | null {
  try {
    return work()
  } catch {
    return null
  }
}

function fitting(query: string, text: string): string {
  const bytes = Buffer.byteLength(text)
  if (bytes <= MAX_RESULT_BYTES) return text
  throw new TransactionError(
    `${query}: its result takes ${bytes} bytes, of which ${MAX_RESULT_BYTES} are kept for an operationId, and it was rolled back: have it give less`,
  )
}
