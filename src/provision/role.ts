/** Step `role`: the role that the application will use. */

import { escapeIdentifier } from 'pg'
import { type Finding, StepFailure } from '../check/step.js'
import type { ServerTarget } from '../config.js'
import type { Executor } from '../engine/executor.js'
import { isDenied } from './membership.js'
import { provisionSql } from './provision-sql.js'
import { wasFirst } from './race.js'
import { scramVerifier } from './scram-verifier.js'

/** Creates the target's role where it does not exist. One that exists keeps its password.
 *  @param admin a session of a role that may create roles
 *  @throws {StepFailure} when it may not, or when the role that exists may not log in */
export async function ensureRole(
  admin: Pick<Executor, 'query'>,
  { user, password }: ServerTarget,
): Promise<Finding<'created' | 'exists'>> {
  const details = { role: user }
  const [found] = await admin.query<{ canLogin: boolean }>(provisionSql.role, [user])
  if (found?.canLogin) return { outcome: 'exists', details }
  const name = escapeIdentifier(user)
  if (found !== undefined) {
    throw new StepFailure(
      `role ${name} exists, but may not log in`,
      `as an administrator: \`ALTER ROLE ${name} LOGIN\``,
    )
  }
  if (password === null) {
    throw new StepFailure(
      `role ${name} does not exist, and no password was given to create it with`,
      'give the password that it shall have: in the URL, or in PGPASSWORD',
    )
  }
  const verifier = scramVerifier(password.reveal())
  const created = wasFirst(
    () => admin.query(provisionSql.createRole(user, verifier)),
    async () => (await admin.query(provisionSql.role, [user])).length > 0,
  )
  return { outcome: (await created.catch(refuse)) ? 'created' : 'exists', details }
}

function refuse(error: unknown): never {
  if (!isDenied(error)) throw error
  throw new StepFailure(
    'the role of --admin-url may not create roles',
    'name one that may: a superuser, or one with CREATEROLE and CREATEDB',
  )
}
