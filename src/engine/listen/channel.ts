/** Channels: their names, and what their payloads are. */

import { ValidationError, type ValidationIssue } from '../../errors.js'
import { isStorableText, UNSTORABLE_TEXT } from '../codec.js'

/** What the server keeps of a name. */
const MAX_NAME_BYTES = 63
/** The server takes payloads of less than 8,000 bytes. */
const MAX_PAYLOAD_BYTES = 7_999

/** A channel whose payloads are of a type. */
export interface Channel<T> {
  /** As it is: case counts, and nothing needs quotes. 1 to 63 bytes. */
  readonly name: string
  /** Reads a payload; empty where there is none. What it throws goes to `onError` of the listener, which goes on. */
  readonly parse: (text: string) => T
}

/** What `notify` needs to know of a channel. */
export interface Outlet<T> {
  readonly name: string
  /** Writes a payload, of at most 7,999 bytes. */
  readonly format: (payload: T) => string
}

/** A channel for both directions. */
export interface WritableChannel<T> extends Channel<T>, Outlet<T> {}

/** Checks a channel, for `listen` and, with `format`, for `notify`.
 *  @throws {ValidationError} when its name cannot be a channel's, or a function is missing */
export function defineChannel<T>(definition: WritableChannel<T>): WritableChannel<T>
export function defineChannel<T>(definition: Channel<T>): Channel<T>
export function defineChannel<T>(definition: Channel<T>): Channel<T> {
  checkChannel('defineChannel', definition)
  return Object.freeze({ ...definition })
}

/** Gives a channel as it is, or one of text by its name.
 *  @throws {ValidationError} when it is none */
export function asChannel(subject: string, given: string | Channel<unknown>): Channel<unknown> {
  const channel = typeof given === 'string' ? { name: given, parse: asItIs } : given
  checkChannel(subject, channel)
  return channel
}

/** Gives the name and the payload to send.
 *  @throws {ValidationError} when one of them cannot be sent
 *  @throws whatever `format` throws, as it is */
export function notificationOf(
  given: string | Partial<Outlet<never>>,
  payload: unknown,
): readonly [name: string, payload: string] {
  const channel: Partial<Outlet<never>> = typeof given === 'string' ? { name: given } : (given ?? {})
  const { name, format } = channel
  const issues = nameIssues(typeof given === 'string' ? 'channel' : 'channel.name', name)
  if (format !== undefined && typeof format !== 'function') {
    issues.push({ path: 'channel.format', message: 'must be a function' })
  }
  if (format === undefined && payload !== undefined && typeof payload !== 'string') {
    issues.push({ path: 'payload', message: 'must be a text, or the channel have a `format`' })
  }
  if (issues.length > 0) throw new ValidationError('notify', issues)
  const text: unknown = format === undefined ? (payload ?? '') : channel.format?.(payload as never)
  const refuse = (message: string): ValidationError => new ValidationError('notify', [{ path: 'payload', message }])
  if (typeof text !== 'string') throw refuse('must be made a text by `format` of the channel')
  if (!isStorableText(text)) throw refuse(UNSTORABLE_TEXT)
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_PAYLOAD_BYTES) throw refuse(`must be at most ${MAX_PAYLOAD_BYTES} bytes; it has ${bytes}`)
  return [name as string, text]
}

function asItIs(text: string): string {
  return text
}

function checkChannel(subject: string, channel: unknown): void {
  if (typeof channel !== 'object' || channel === null) {
    throw new ValidationError(subject, [{ path: 'channel', message: 'must be a name or a channel' }])
  }
  const { name, parse, format } = channel as Partial<WritableChannel<unknown>>
  const issues = nameIssues('channel.name', name)
  if (typeof parse !== 'function') issues.push({ path: 'channel.parse', message: 'must be a function' })
  if (format !== undefined && typeof format !== 'function') {
    issues.push({ path: 'channel.format', message: 'must be a function' })
  }
  if (issues.length > 0) throw new ValidationError(subject, issues)
}

function nameIssues(path: string, name: unknown): ValidationIssue[] {
  if (typeof name !== 'string' || name === '') return [{ path, message: 'must be a name that is not empty' }]
  if (!isStorableText(name)) return [{ path, message: UNSTORABLE_TEXT }]
  // Of a longer one LISTEN would take the beginning, and NOTIFY would be refused.
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return [{ path, message: `must be at most ${MAX_NAME_BYTES} bytes` }]
  return []
}
