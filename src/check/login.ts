/** Logging in: one exchange with the server that is three steps here, because three different people mend them. */

import type { ServerTarget } from '../config.js'
import { type LoneSession, openLoneSession } from '../engine/lone-session.js'
import { connecting, mapError } from '../engine/map-error.js'
import { explainRefusal, type LoginStep, type Refusal } from './refusal.js'
import type { CheckLimits, CheckOutcome, CheckStep } from './report.js'
import { type Finding, runStep, type StepResult } from './step.js'

/** Logs in. `offersTls` is the server's answer to the SSLRequest. The session is the caller's to close; null when there is
 *  none. Never throws. */
export async function logIn(
  server: ServerTarget,
  { connectTimeoutMs, answerTimeoutMs }: CheckLimits,
  offersTls: boolean,
): Promise<{ steps: readonly CheckStep[]; session: LoneSession | null }> {
  let session: LoneSession | null = null
  let refusal: Refusal | null = null
  const open = async (): Promise<Finding<'ok'>> => {
    session = await openLoneSession(server, {
      connectTimeoutMs,
      commandTimeoutMs: answerTimeoutMs,
      applicationName: 'ashlar check',
    })
    return { outcome: 'ok' }
  }
  const opened = await runStep('session', open, (error) => {
    refusal = explainRefusal(mapError(error, connecting), server, offersTls)
    return refusal.failure
  })
  const failed = (refusal as Refusal | null)?.step ?? null
  return { steps: splitLogin(opened, failed, server), session }
}

const loginSteps: readonly LoginStep[] = ['session', 'password', 'database']

function splitLogin(
  opened: StepResult<'session', CheckOutcome>,
  failed: LoginStep | null,
  { user, database }: ServerTarget,
): readonly CheckStep[] {
  // Certificates of clients are refused after the handshake (TLS 1.3).
  if (failed === 'TLS') return [{ ...opened, name: 'TLS' }]
  const details = { session: {}, password: { role: user }, database: { database }, TLS: {} }
  const end = failed === null ? loginSteps.length - 1 : loginSteps.indexOf(failed)
  return loginSteps.slice(0, end + 1).map((name) => {
    if (name === failed) return { ...opened, name, details: details[name] }
    const ms = name === 'session' ? opened.ms : null
    return { name, outcome: 'ok', details: details[name], reason: null, advice: null, ms }
  })
}
