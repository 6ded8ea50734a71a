/** What a program gives that listens to a channel, and what it gets. */

/** Where a message comes from. */
export interface MessageOrigin {
  /** The channel's name. */
  readonly channel: string
  /** The server's process that has sent it. */
  readonly processId: number
}

/** A time of which messages are missing. `connection-lost`: there was no connection, `lastedMs` after the last sign of life;
 *  `overflow`: so many messages were dropped, because more than `maxQueued` waited for the handler. */
export type Gap =
  | { readonly reason: 'connection-lost'; readonly lastedMs: number }
  | { readonly reason: 'overflow'; readonly dropped: number }

/** What a listener was doing when something was thrown. */
export interface ListenFailure {
  readonly channel: string
  readonly during: 'parse' | 'onMessage' | 'onGap'
}

/** What is called by a listener, one call after the other: the next is made when the promise of the last has settled. */
export interface ListenHandlers<T> {
  /** A message has come. */
  onMessage(payload: T, origin: MessageOrigin): unknown
  /** Messages may be missing: what they tell of is to be read anew, from the tables. Called in its place among the messages,
   *  when the channel is listened to again: whatever is committed from now on will be told. When it rejects, it is called again
   *  after a pause, and nothing else before it has succeeded. Several gaps with nothing in between may be told as one. */
  onGap(gap: Gap): unknown
  /** Another function of the channel or the listener has thrown or rejected; the listener goes on with what comes next.
   *  Default: a warning of the process, once for each listener. */
  onError?(error: unknown, failure: ListenFailure): unknown
}

/** How a channel is listened to. */
export interface ListenOptions {
  /** Ends the listener. Aborted before it stands, `listen` rejects with a `CancelledError`. */
  readonly signal?: AbortSignal | undefined
  /** Most messages that wait for the handler, 1 to 1,000,000; with one more, all that wait are dropped, and a gap is told.
   *  Default 10,000. */
  readonly maxQueued?: number | undefined
}

/** Somebody who listens to a channel. */
export interface Listener extends AsyncDisposable {
  /** The channel's name. */
  readonly channel: string
  /** Messages and gaps that wait for their handler. */
  readonly queued: number
  /** Resolves when it has ended, for whatever reason, and the handler that was running then is done. */
  readonly closed: Promise<void>
  /** Ends it: no handler is called any more, and what waits is dropped. Resolves without waiting for a handler that is running
   *  (which may call this), and for the last listener when their connection is closed. Idempotent. */
  close(): Promise<void>
}
