/** All faults, in the order of the table. */

import type { Fault } from './fault.js'
import { backendCancelled, backendKilled, backendTerminated } from './rows/backend-ended.js'
import { connectionCuts } from './rows/connection-cut.js'
import { failovers } from './rows/failover.js'
import { blackHoled, halfOpen } from './rows/network-gone.js'
import { noListener } from './rows/no-listener.js'
import { leakedClients, leakedTransactions } from './rows/pool-exhausted.js'
import { schemaChange } from './rows/schema-change.js'
import { serverKilled, serverRestarted } from './rows/server-killed.js'
import { deadlockStorm, serializationStorm } from './rows/storms.js'

export const allFaults: readonly Fault[] = [
  serverKilled,
  serverRestarted,
  backendKilled,
  backendTerminated,
  backendCancelled,
  ...connectionCuts,
  halfOpen,
  blackHoled,
  ...failovers,
  schemaChange,
  serializationStorm,
  deadlockStorm,
  leakedClients,
  leakedTransactions,
  noListener,
]
