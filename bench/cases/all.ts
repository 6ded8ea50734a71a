/** The cases that run on the run's own server, by name, in the order in which they run. */

import type { peerCases } from '../measure/case-names.js'
import { aborts } from './aborts.js'
import type { BenchCase } from './bench-case.js'
import { blocked } from './blocked.js'
import { bulk } from './bulk.js'
import { far } from './far.js'
import { list } from './list.js'
import { coalesced, lookup, serial } from './lookup.js'
import { mixed, mixedRate } from './mixed.js'
import { overload } from './overload.js'
import { startup } from './startup.js'
import { stream } from './stream.js'
import { insert, transaction } from './writes.js'

export const allCases: Readonly<Record<(typeof peerCases)[number], BenchCase>> = {
  lookup,
  serial,
  coalesced,
  list,
  insert,
  bulk,
  stream,
  transaction,
  mixed,
  'mixed-rate': mixedRate,
  blocked,
  far,
  startup,
  overload,
  aborts,
}
