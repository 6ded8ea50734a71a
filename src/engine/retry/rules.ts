/** The table of retries: what is done about a signal, by what was running. What is not in it is never tried again. */

import type { RetryConfig } from '../../retry-options.js'
import type { Work } from '../monitor/event.js'
import type { Signal } from './signal.js'

/** How often something is tried. */
type Limit = keyof Pick<RetryConfig, 'maxAttempts' | 'maxConflictAttempts'> | number

export interface Rule {
  /** Attempts in all; null: as many as the call's own time limit leaves room for, and none without one. */
  readonly attempts: Limit | null
  /** Whether there is a pause before the next attempt. */
  readonly pauses: boolean
}

const connection: Rule = { attempts: 'maxAttempts', pauses: true }
const conflict: Rule = { attempts: 'maxConflictAttempts', pauses: true }
const onceMore: Rule = { attempts: 2, pauses: false }
const withinDeadline: Rule = { attempts: null, pauses: true }

/** Every statement that was prepared before the change may be refused once, each in its turn. */
const eachPlanOnce: Rule = { attempts: 'maxConflictAttempts', pauses: false }

export const rules: Readonly<Record<Exclude<Work, 'commit'>, Readonly<Partial<Record<Signal, Rule>>>>> = {
  read: {
    connection,
    conflict,
    'read-only': connection,
    'stale-plan': onceMore,
    lock: withinDeadline,
    cancelled: withinDeadline,
    resources: { attempts: 2, pauses: true },
  },
  write: {
    connection,
    conflict,
    'read-only': connection,
    'stale-plan': onceMore,
    lock: withinDeadline,
  },
  transaction: {
    connection,
    conflict,
    'read-only': connection,
    'stale-plan': eachPlanOnce,
    lock: onceMore,
  },
}

/** With an `operationId` a lost answer does no harm: who asks again learns what became of it. */
export const repeatable: Readonly<Partial<Record<Signal, Rule>>> = { unknown: connection }
