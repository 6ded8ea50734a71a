/** Logs events. When a server is down there are thousands a second: those alike within a second are one line. */

import type { EngineEvent } from './event.js'
import { logLines } from './log-lines.js'
import type { Logger, LogLevel } from './logger.js'

/** Repeats within so long are summed up, in ms. */
const SUM_MS = 1_000
/** Kinds of events that are told apart at a time by their reason; what comes beyond is told apart by its type alone. */
const MAX_KINDS = 100

const urgency: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

type Fields = Record<string, unknown>

/** Repeats of an event that was logged. */
interface Repeats {
  readonly type: EngineEvent['type']
  count: number
  /** What they have in common. */
  fields: Fields
}

export class Log {
  readonly #logger: Logger
  readonly #level: LogLevel
  readonly #repeats = new Map<string, Repeats>()
  #timer: NodeJS.Timeout | null = null
  #hasThrown = false

  constructor(logger: Logger, level: LogLevel) {
    this.#logger = logger
    this.#level = level
  }

  /** Logs the first of its kind at once. Those that follow within a second are one line more, with their `count` and the
   *  fields that are the same in all. */
  readonly tell = (event: EngineEvent): void => {
    const { type } = event
    if (urgency[logLines[type].level] < urgency[this.#level]) return
    const kind = this.#kindOf(event)
    const repeats = this.#repeats.get(kind)
    if (repeats === undefined) {
      this.#write(type, fieldsOf(event))
      this.#repeats.set(kind, { type, count: 0, fields: {} })
      this.#timer ??= setTimeout(() => this.#flush(), SUM_MS).unref()
    } else {
      repeats.fields = repeats.count === 0 ? fieldsOf(event) : common(repeats.fields, event)
      repeats.count += 1
    }
  }

  /** Logs what is still summed up. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    for (const repeats of this.#repeats.values()) this.#writeSum(repeats)
    this.#repeats.clear()
  }

  #kindOf(event: EngineEvent): string {
    const kind = 'reason' in event ? `${event.type} ${event.reason}` : event.type
    return this.#repeats.size < MAX_KINDS || this.#repeats.has(kind) ? kind : event.type
  }

  /** Those that go on are summed up for another second; of the others the next is told at once again. */
  #flush(): void {
    for (const [kind, repeats] of this.#repeats) {
      if (repeats.count === 0) this.#repeats.delete(kind)
      this.#writeSum(repeats)
      repeats.count = 0
    }
    this.#timer = this.#repeats.size > 0 ? setTimeout(() => this.#flush(), SUM_MS).unref() : null
  }

  #writeSum({ type, count, fields }: Repeats): void {
    if (count > 0) this.#write(type, count === 1 ? fields : { ...fields, count })
  }

  #write(type: EngineEvent['type'], fields: Fields): void {
    const { level, message } = logLines[type]
    try {
      const written: unknown = this.#logger[level]?.(fields, message)
      // Declared to give nothing, which an async function fits: its rejection would end the process.
      if (written instanceof Promise) written.catch((error: unknown) => this.#warn(error))
    } catch (error) {
      this.#warn(error)
    }
  }

  #warn(error: unknown): void {
    if (this.#hasThrown) return
    this.#hasThrown = true
    const reason = error instanceof Error ? error.name : typeof error
    process.emitWarning(`the logger given to ashlar threw (${reason}); told once`, 'AshlarWarning')
  }
}

/** A logger has a time of its own. */
function fieldsOf({ type, at, ...fields }: EngineEvent): Fields {
  return { event: type, ...fields }
}

function common(fields: Fields, event: EngineEvent): Fields {
  const others = fieldsOf(event)
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => others[name] === value))
}
