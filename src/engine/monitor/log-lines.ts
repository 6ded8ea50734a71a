/** How each event is logged. From `warn` on, a healthy system is silent; what ashlar has put right by itself is `info`. */

import type { Happening } from './event.js'
import type { LogLevel } from './logger.js'

interface LogLine {
  readonly level: LogLevel
  readonly message: string
}

export const logLines: Readonly<Record<Happening['type'], LogLine>> = {
  connected: { level: 'debug', message: 'connected to the server' },
  'connect-failed': { level: 'warn', message: 'the server could not be connected to' },
  'connection-lost': { level: 'warn', message: 'a connection was lost' },
  'connection-silent': { level: 'warn', message: 'a connection was silent, and was cut' },
  retry: { level: 'info', message: 'a call failed, and is tried again' },
  'retry-exhausted': { level: 'warn', message: 'a call failed as often as it may be tried' },
  'outcome-unknown': { level: 'error', message: 'it is not known whether a call took effect' },
  'operation-replayed': { level: 'info', message: 'a call had been executed before, and got the stored result' },
  'plan-repaired': { level: 'info', message: 'a statement was prepared anew after a change of its tables' },
  'acquire-timeout': { level: 'warn', message: 'no connection became free in time' },
  overloaded: { level: 'warn', message: 'a call was refused: too many wait' },
  leak: { level: 'warn', message: 'a connection is held for long' },
  'listen-lost': { level: 'warn', message: 'the connection of the listeners was lost' },
  'listen-restored': { level: 'info', message: 'the listeners have a connection again, and were told of the gap' },
  'listen-overflow': { level: 'warn', message: 'a listener is slow: messages were dropped, and it is told of the gap' },
  'writer-changed': { level: 'warn', message: 'another host has taken over' },
}
