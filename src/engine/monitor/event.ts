/** What happens to the pool and to calls, one record for each. Types only: none holds a parameter value or a secret. */

/** What was running when a call failed: what may be done about it depends on it. */
export type Work = 'read' | 'write' | 'transaction' | 'commit'

/** Why something failed, as a code: the SQLSTATE, else the code of the socket's error, else that of the ashlar error. */
export type Reason = string

/** One thing that happened, without its time. */
export type Happening =
  /** A connection stands, `durationMs` after it was begun. */
  | { readonly type: 'connected'; readonly host: string; readonly port: number; readonly durationMs: number }
  | { readonly type: 'connect-failed'; readonly host: string; readonly port: number; readonly reason: Reason }
  /** A connection went that nobody had closed. `query`: what had it, or had it last. */
  | { readonly type: 'connection-lost'; readonly query: string | null; readonly reason: Reason }
  /** A connection on which calls waited was silent, and the server does not work on them: it was cut. */
  | { readonly type: 'connection-silent'; readonly query: string | null; readonly silentMs: number }
  /** A call is tried again after `delayMs`; `attempt` is the number of the failed one, counted from 1. */
  | {
      readonly type: 'retry'
      readonly query: string
      readonly work: Work
      readonly attempt: number
      readonly delayMs: number
      readonly reason: Reason
    }
  /** A call was tried for the last time. */
  | {
      readonly type: 'retry-exhausted'
      readonly query: string
      readonly attempts: number
      readonly elapsedMs: number
      readonly reason: Reason
    }
  /** The answer to a write or COMMIT was lost; nobody was told that it failed. */
  | { readonly type: 'outcome-unknown'; readonly query: string; readonly reason: Reason }
  /** A call with an `operationId` that had been executed before; it got the stored result. */
  | { readonly type: 'operation-replayed'; readonly query: string }
  /** A table had changed under a prepared statement, which was prepared anew. */
  | { readonly type: 'plan-repaired'; readonly query: string }
  | { readonly type: 'acquire-timeout'; readonly query: string; readonly waitedMs: number }
  | { readonly type: 'overloaded'; readonly query: string; readonly waiting: number }
  | { readonly type: 'leak'; readonly query: string | null; readonly heldMs: number }
  /** Another host has taken over; connections to an older timeline are dropped. */
  | { readonly type: 'writer-changed'; readonly host: string; readonly port: number; readonly timeline: number | null }
  /** The connection of the listeners was lost or given up, with so many channels. `reason` may also be `silent`: nothing
   *  came over it any more; `not-listening`: its session had lost its channels; `expired`; `writer-changed`. */
  | { readonly type: 'listen-lost'; readonly channels: number; readonly reason: Reason }
  /** All listeners have a connection again, and are told of the gap. */
  | { readonly type: 'listen-restored'; readonly channels: number; readonly lastedMs: number }
  /** More messages waited for a handler than it lets wait: they were dropped, and it is told of the gap. */
  | { readonly type: 'listen-overflow'; readonly channel: string; readonly dropped: number }

/** One thing that happened, as it is given to listeners and kept. */
export type EngineEvent = Happening & { readonly at: Date }

/** Is told of each event, at once. */
export type EventListener = (event: EngineEvent) => void
