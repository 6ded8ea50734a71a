/** The names of all cases, known before anything of them is loaded: what they load may have to be installed first. */

/** Runs on a server of its own and has no contenders. */
export const FILTERS = 'filters'

export const peerCases = [
  'lookup',
  'serial',
  'coalesced',
  'list',
  'insert',
  'bulk',
  'stream',
  'transaction',
  'mixed',
  'mixed-rate',
  'blocked',
  'far',
  'startup',
  'overload',
  'aborts',
] as const

export const caseNames: readonly string[] = [FILTERS, ...peerCases]

/** What runs when no case is named: all but the second form of `mixed`. */
export const defaultCases: readonly string[] = caseNames.filter((name) => name !== 'mixed-rate')
