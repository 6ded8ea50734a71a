/** Step `database`: the target's database, and the rights on it. */

import { escapeIdentifier } from 'pg'
import { findMissingRights, grantsToUse } from '../check/rights.js'
import { type Finding, StepFailure } from '../check/step.js'
import type { ServerTarget } from '../config.js'
import type { Executor } from '../engine/executor.js'
import { OWN_LIST } from '../migrate/status.js'
import { isDenied, withMembership } from './membership.js'
import { provisionSql } from './provision-sql.js'
import { untilAlone, wasFirst } from './race.js'

type Session = Pick<Executor, 'query'>

/** What a database's step may come to. */
export type DatabaseOutcome = 'created' | 'exists' | 'granted'

/** A database's step, and who owns the database. */
export type DatabaseFinding = Finding<DatabaseOutcome> & { readonly owner: string }

/** How often granting is tried when others change the same rights. */
const GRANT_ATTEMPTS = 5

/** Creates the target's database where it does not exist, owned by the target's role.
 *  @param session one of a role that may, on any other database of the server
 *  @throws {StepFailure} when it may not */
export async function createDatabase(session: Session, { user, database }: ServerTarget): Promise<DatabaseFinding> {
  const found = await findOwner(session, database)
  if (found !== null) return { outcome: 'exists', owner: found, details: { database, owner: found } }
  const [right] = await session.query<{ mayCreate: boolean; mayGive: boolean }>(provisionSql.rightToCreate, [user])
  if (!right?.mayCreate) {
    throw new StepFailure(
      `database ${escapeIdentifier(database)} does not exist, and the role may not create databases`,
      'give --admin-url (or ASHLAR_ADMIN_URL) with a superuser, or a role that has CREATEDB',
    )
  }
  const create = () =>
    wasFirst(
      () => session.query(provisionSql.createDatabase(database, user)),
      async () => (await findOwner(session, database)) !== null,
    )
  const isFirst = await (right.mayGive ? create() : withMembership(session, user, create))
  const owner = (await findOwner(session, database)) ?? user
  return { outcome: isFirst ? 'created' : 'exists', owner, details: { database, owner } }
}

async function findOwner(session: Session, database: string): Promise<string | null> {
  const [row] = await session.query<{ owner: string }>(provisionSql.database, [database])
  return row?.owner ?? null
}

interface RightsOfRole {
  readonly mayConnect: boolean
  readonly mayCreate: boolean
  readonly mayUseSchema: boolean
  readonly mayCreateTables: boolean
}

/** Grants what the target's role lacks on the database: to migrate it or, where another role did, to use its tables.
 *  @param session one of an administrator, on the database itself
 *  @throws {StepFailure} when the administrator may not grant it */
export async function grantAccess(
  session: Session,
  target: ServerTarget,
  { owner, ...found }: DatabaseFinding,
): Promise<Finding<DatabaseOutcome>> {
  const granted = new Set<string>()
  let missing = await missingGrants(session, target)
  for (let attempt = 0; missing.length > 0 && attempt < GRANT_ATTEMPTS; attempt += 1) {
    for (const { right, sql } of missing) {
      if (await isGranted(session, sql)) granted.add(right)
    }
    missing = await missingGrants(session, target)
  }
  if (missing.length > 0) {
    throw new StepFailure(
      `the role of --admin-url may not grant ${missing.map(({ right }) => right).join(', ')}`,
      `as ${escapeIdentifier(owner)}, the database's owner, or as a superuser: \`${missing.map(({ sql }) => sql).join('; ')}\``,
      found.details,
    )
  }
  if (granted.size === 0) return found
  const details = { ...found.details, rights: [...granted].join(', ') }
  return { outcome: found.outcome === 'created' ? 'created' : 'granted', details }
}

/** Runs one GRANT. Where the grantor lacks the right, the server refuses, or only warns: what is missing tells. */
async function isGranted(session: Session, sql: string): Promise<boolean> {
  try {
    await untilAlone(() => session.query(sql))
    return true
  } catch (error) {
    if (isDenied(error)) return false
    throw error
  }
}

interface Grant {
  readonly right: string
  readonly sql: string
}

async function missingGrants(session: Session, { user, database }: ServerTarget): Promise<readonly Grant[]> {
  const { schema } = OWN_LIST
  const [row] = await session.query<RightsOfRole>(provisionSql.rightsOfRole, [user, schema])
  const toConnect = {
    has: row?.mayConnect,
    right: 'CONNECT',
    sql: provisionSql.grantOnDatabase('CONNECT', database, user),
  }
  const { present, closed, tables } = await findMissingRights(session, user)
  if (present.length > 0) {
    const lacks = closed.length > 0 || tables.length > 0
    return [...(row?.mayConnect ? [] : [toConnect]), ...(lacks ? toUse(present, user) : [])]
  }
  return [
    toConnect,
    { has: row?.mayCreate, right: 'CREATE', sql: provisionSql.grantOnDatabase('CREATE', database, user) },
    { has: row?.mayUseSchema, right: `USAGE on ${schema}`, sql: provisionSql.grantOnSchema('USAGE', schema, user) },
    {
      has: row?.mayCreateTables,
      right: `CREATE on ${schema}`,
      sql: provisionSql.grantOnSchema('CREATE', schema, user),
    },
  ].filter(({ has }) => !has)
}

function toUse(present: readonly string[], user: string): readonly Grant[] {
  return grantsToUse(present, user).map((sql) => ({ right: /^GRANT (.*) TO /.exec(sql)?.[1] ?? sql, sql }))
}
