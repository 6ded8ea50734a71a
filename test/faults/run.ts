/** Runs faults one after the other, and sees what reaches the process beside them. */

import type { CanaryWatch } from './canary.js'
import type { Fault, FaultContext, FaultResult, FaultRow } from './fault.js'

/** Runs a fault; what cannot be run at all is a broken promise too. */
export async function runFault(fault: Fault, context: FaultContext): Promise<FaultResult> {
  const stray: string[] = []
  const onStray = (error: unknown): void => {
    context.canary.search('stray error', error)
    stray.push(`reached the process: ${String(error)}`)
  }
  const onWarning = (warning: Error): void => context.canary.search('warning', warning)
  process.on('uncaughtException', onStray).on('unhandledRejection', onStray).on('warning', onWarning)
  try {
    const result = await fault.run(context)
    return { ...result, broken: [...result.broken, ...new Set(stray)] }
  } catch (error) {
    context.canary.search('failure', error)
    const shown = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { row: noAccounts(fault.name), broken: [`could not be run: ${shown}`, ...stray], notes: [] }
  } finally {
    process.off('uncaughtException', onStray).off('unhandledRejection', onStray).off('warning', onWarning)
  }
}

function noAccounts(fault: string): FaultRow {
  const none = { acked: 0, failed: 0, unknownResolved: 0, unknownLeft: 0, lost: 0, ghost: 0, phantom: 0, duplicate: 0 }
  return { fault, operations: 0, ...none, unsettled: 0, recoveryMs: null }
}

/** Tells what was searched for canaries, and where one was found. */
export function canaryLines({ searched, hits }: CanaryWatch): readonly string[] {
  const all = Object.entries(searched).map(([kind, count]) => `${count} ${kind}`)
  return [`canaries: ${hits.length} found in ${all.join(', ')}`, ...hits.map((hit) => `  found in ${hit}`)]
}
