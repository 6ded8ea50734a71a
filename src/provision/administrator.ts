/** The administrator's own server and session: what goes wrong there is told of `--admin-url`. */

import { explainRefusal } from '../check/refusal.js'
import { type CheckLimits, offersTls } from '../check/report.js'
import { StepFailure } from '../check/step.js'
import { checkWay } from '../check/way.js'
import type { ServerTarget } from '../config.js'
import type { LoneSession } from '../engine/lone-session.js'
import { connecting, mapError } from '../engine/map-error.js'
import { isLoopback } from '../tls-target.js'
import { provisionSql } from './provision-sql.js'

/** Opens a session. */
export type Open = (server: ServerTarget) => Promise<LoneSession>

/** Opens a session of the administrator.
 *  @throws {StepFailure} when there is none */
export async function openAdmin(admin: ServerTarget, open: Open, hasTls: boolean): Promise<LoneSession> {
  return open(admin).catch((error: unknown) => {
    const { step, failure, sqlState } = explainRefusal(mapError(error, connecting), admin, hasTls)
    const isLogin = sqlState === '28P01' || (step === 'password' && sqlState === null)
    throw new StepFailure(
      `connecting by --admin-url: ${failure.message}`,
      isLogin
        ? 'correct user and password of --admin-url (or ASHLAR_ADMIN_URL; in a URL @ is %40, / is %2F). PGPASSWORD is of the other URL and not read for this one'
        : sqlState === '3D000'
          ? 'name a database in --admin-url that exists: `postgres://ADMIN:PASSWORD@HOST:PORT/postgres`'
          : `of --admin-url: ${failure.advice}`,
    )
  })
}

/** Checks the way to the administrator's server, and tells whether it offers TLS.
 *  @throws {StepFailure} when it cannot be reached */
export async function reachAdmin(admin: ServerTarget, limits: CheckLimits): Promise<boolean> {
  const steps = await checkWay(admin, limits)
  const failed = steps.find(({ outcome }) => outcome === 'failed')
  if (failed === undefined) return offersTls(steps)
  throw new StepFailure(
    `--admin-url: ${failed.name}: ${failed.reason}`,
    `correct --admin-url, which must name the server of --url: ${failed.advice}`,
    failed.details,
  )
}

/** Refuses an administrator of another server than the target's. Two ways to one server are known by its identifier,
 *  as far as the target's role can log in already.
 *  @throws {StepFailure} when the servers differ, or nothing shows that they are one */
export async function refuseOtherServer(target: ServerTarget, admin: ServerTarget, open: Open): Promise<void> {
  if (target.port === admin.port && placeOf(target) === placeOf(admin)) return
  const [one, other] = await Promise.all([identify(target, open), identify(admin, open)])
  if (one !== null && one === other) return
  const shown = [admin, target].map(({ host, port }) => `${host} port ${port}`).join(', ')
  throw new StepFailure(
    `--admin-url and --url are of different servers (${shown})`,
    'name the same host and port in both; where a pooler stands before the server, its own in both',
  )
}

/** All names of this machine are one place. */
function placeOf({ host }: ServerTarget): string {
  return isLoopback(host) ? 'localhost' : host
}

async function identify(server: ServerTarget, open: Open): Promise<string | null> {
  const session = await open(server).catch(() => null)
  if (session === null) return null
  try {
    const [row] = await session.query<{ identifier: string }>(provisionSql.serverIdentifier)
    return row?.identifier ?? null
  } catch {
    return null
  } finally {
    await session.close()
  }
}
