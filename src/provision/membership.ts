/** Only a member of a role may make it an owner: who is no superuser becomes one for a time. */

import { escapeIdentifier } from 'pg'
import { StepFailure } from '../check/step.js'
import type { Executor } from '../engine/executor.js'
import { QueryError } from '../errors.js'
import { provisionSql } from './provision-sql.js'
import { untilAlone } from './race.js'

type Session = Pick<Executor, 'query'>

/** How often `work` is begun when another session of the same role ends the membership. */
const ATTEMPTS = 5

/** Tells whether a statement was refused for want of a right. */
export function isDenied(error: unknown): boolean {
  return error instanceof QueryError && error.sqlState === '42501'
}

/** Runs `work` as a member of `role`.
 *  @throws {StepFailure} when the session's role may not become one */
export async function withMembership<T>(session: Session, role: string, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    await untilAlone(() => session.query(provisionSql.join(role))).catch(async (error: unknown) => {
      throw isDenied(error) ? await mayNotJoin(session, role, error as QueryError) : error
    })
    try {
      const result = await work()
      await leave(session, role)
      return result
    } catch (error) {
      // What went wrong first is what to tell.
      await leave(session, role).catch(() => {})
      if (!isDenied(error) || attempt === ATTEMPTS) throw error
    }
  }
}

function leave(session: Session, role: string): Promise<void> {
  return untilAlone(() => session.query(provisionSql.leave(role)))
}

async function mayNotJoin(session: Session, role: string, { message }: QueryError): Promise<StepFailure> {
  const [own] = await session.query<{ name: string }>(provisionSql.ownName)
  const owner = escapeIdentifier(role)
  return new StepFailure(
    `the role of --admin-url may not give a database to role ${owner}, which it did not create: ${message.replace(/^query: /, '')}`,
    `as a superuser: \`GRANT ${owner} TO ${escapeIdentifier(own?.name ?? '')} WITH ADMIN OPTION\`; or name a superuser in --admin-url`,
  )
}
