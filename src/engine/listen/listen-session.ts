/** One connection that listens, from its first LISTEN until it is lost or given up. */

import type { Notification } from 'pg'
import type { PooledConnection } from '../pool/pooled-connection.js'
import type { RawResult } from '../session.js'
import { listenSql, sessionSql } from '../session-sql.js'
import type { Statement } from '../statement.js'
import { StatementExchange } from '../wire/statement-exchange.js'
import type { Message } from './inbox.js'

/** It looks so many times within `watchdogMs`. */
const LOOKS = 2

interface ListenSessionOptions {
  readonly connection: PooledConnection
  /** How long the server may take to answer LISTEN, in ms. */
  readonly answerMs: number
  /** `pool.watchdogMs`. */
  readonly watchdogMs: number | null
  readonly onMessage: (channel: string, message: Message) => void
}

/** Why a session has ended: what was met, or a code where that is no error; null where it was asked for. */
export type SessionEnd = { readonly error: unknown } | { readonly code: string } | null

export class ListenSession {
  readonly #options: ListenSessionOptions
  /** Who waits for the answer to LISTEN; null where it has come. */
  readonly #channels = new Map<string, (() => void)[] | null>()
  readonly #timers = new Set<NodeJS.Timeout>()
  /** Resolves when nothing more comes. */
  readonly ended: Promise<SessionEnd>
  #settle: (end: SessionEnd) => void = () => {}
  #isEnded = false
  #isAsking = false
  #arrivals = 0
  /** `performance.now()` of the last sign of life. */
  heardAt = performance.now()

  constructor(options: ListenSessionOptions) {
    this.#options = options
    this.ended = new Promise((resolve) => {
      this.#settle = resolve
    })
    const { client, wire } = options.connection
    client.on('notification', this.#receive)
    client.once('end', () => this.#end({ error: wire.loss }))
    const { watchdogMs } = options
    if (watchdogMs === null) return
    const everyMs = watchdogMs / LOOKS
    const timer = setInterval(() => this.#look(everyMs), everyMs)
    this.#timers.add(timer.unref())
  }

  /** Listens to a channel; `onStanding` is called when the server has said so, before any message that comes behind it. */
  listen(channel: string, onStanding: () => void): void {
    const asked = this.#channels.get(channel)
    if (asked === null) onStanding()
    else if (asked !== undefined) asked.push(onStanding)
    else this.#ask(channel, [onStanding])
  }

  /** Listens to a channel no more. */
  unlisten(channel: string): void {
    if (this.#channels.delete(channel)) this.#send(listenSql(channel).unlisten, this.#options.answerMs, () => {})
  }

  /** Ends it; `why` is null where nobody listens any more. */
  end(why: SessionEnd): void {
    this.#end(why)
  }

  #ask(channel: string, asked: (() => void)[]): void {
    this.#channels.set(channel, asked)
    this.#send(listenSql(channel).listen, this.#options.answerMs, () => {
      if (this.#channels.get(channel) === asked) this.#channels.set(channel, null)
      for (const onStanding of asked) onStanding()
    })
  }

  readonly #receive = ({ channel, payload = '', processId }: Notification): void => {
    if (this.#isEnded) return
    this.heardAt = performance.now()
    this.#options.onMessage(channel, { text: payload, processId })
  }

  /** A connection that listens is silent by nature: it is asked now and then whether it still does. A pooler that gives each
   *  transaction another session, and a RESET of the session by whomever, are found by it too. */
  #look(everyMs: number): void {
    const { arrivals } = this.#options.connection.wire
    if (arrivals !== this.#arrivals || this.#isAsking) {
      this.#arrivals = arrivals
      return
    }
    this.#isAsking = true
    this.#send(sessionSql.listeningChannels, everyMs, ({ rows }) => {
      this.#isAsking = false
      this.#arrivals = this.#options.connection.wire.arrivals
      const known = new Set(rows.map(({ channel }) => channel))
      for (const [channel, asked] of this.#channels) {
        if (asked === null && !known.has(channel)) this.#end({ code: 'not-listening' })
      }
    })
  }

  #send(statement: Statement, limitMs: number, onAnswer: (result: RawResult) => void): void {
    if (this.#isEnded) return
    const endWatch = this.#watch(limitMs)
    const exchange = new StatementExchange(statement, [], (error, result) => {
      endWatch()
      if (this.#isEnded) return
      if (result === null) {
        this.#end({ error })
        return
      }
      this.heardAt = performance.now()
      onAnswer(result)
    })
    this.#options.connection.wire.send(exchange)
  }

  /** Ends the session when nothing at all arrives for so long; gives what ends the watch. */
  #watch(limitMs: number): () => void {
    const { wire } = this.#options.connection
    let timer: NodeJS.Timeout
    const start = (): void => {
      const { arrivals } = wire
      timer = setTimeout(() => {
        this.#timers.delete(timer)
        // Behind the reading of the socket: after a pause of this process, the answer is waiting there.
        setImmediate(() => {
          if (isOver || this.#isEnded) return
          if (wire.arrivals === arrivals) this.#end({ code: 'silent' })
          else start()
        })
      }, limitMs)
      this.#timers.add(timer)
    }
    let isOver = false
    start()
    return () => {
      isOver = true
      clearTimeout(timer)
      this.#timers.delete(timer)
    }
  }

  #end(why: SessionEnd): void {
    if (this.#isEnded) return
    this.#isEnded = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    const { client, wire } = this.#options.connection
    client.off('notification', this.#receive)
    // Whatever is wrong with it, nothing that it may still send is to be waited for.
    if (why !== null) wire.destroy()
    this.#settle(why)
  }
}
