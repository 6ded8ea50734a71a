/** Copies of the migrated database, to try statements on. */

import { randomBytes } from 'node:crypto'
import { defaults, type ServerTarget } from '../../config.js'
import { type CatalogueSession, openCatalogueSession, type Session } from '../catalogue/session.js'

/** Roles that a schema speaks of: of policies, and, where they are compared, of privileges. */
const ROLES = `
  SELECT DISTINCT rolname AS role
  FROM
    pg_roles
    JOIN (
      SELECT unnest(polroles) FROM pg_policy
      UNION ALL
      SELECT (aclexplode(acl)).grantee
      FROM (
        SELECT relacl FROM pg_class
        UNION ALL
        SELECT nspacl FROM pg_namespace
        UNION ALL
        SELECT proacl FROM pg_proc
        UNION ALL
        SELECT typacl FROM pg_type
        UNION ALL
        SELECT attacl FROM pg_attribute WHERE attacl IS NOT NULL
      ) AS stored (acl)
    ) AS named (oid) ON named.oid = pg_roles.oid
  WHERE rolname !~ '^pg_'`

/** Makes the roles, without any right, that a live schema speaks of and a server of its own does not have. */
export async function copyRoles(live: Session, server: Session): Promise<void> {
  for (const { role } of await live.query<{ role: string }>(ROLES)) {
    await server.query(`
      DO $do$ BEGIN
        EXECUTE format('CREATE ROLE %I', convert_from(decode('${Buffer.from(role).toString('hex')}', 'hex'), 'UTF8'));
      EXCEPTION WHEN duplicate_object THEN NULL;
      END $do$`)
  }
}

/** Runs work with a copy of a database to which nobody else is connected but the session that makes it. */
export async function withScratch<T>(
  { server, admin }: { readonly server: ServerTarget; readonly admin: Session },
  work: (scratch: Session) => Promise<T>,
): Promise<T> {
  const database = `ashlar_scratch_${randomBytes(4).toString('hex')}`
  await admin.query(`CREATE DATABASE ${database} TEMPLATE "${server.database.replaceAll('"', '""')}"`)
  try {
    const scratch = await openScratch({ ...server, database })
    try {
      return await work(scratch)
    } finally {
      await scratch.close()
    }
  } finally {
    await admin.query(`DROP DATABASE ${database} WITH (FORCE)`)
  }
}

/** Opens a session on a server that is there for this alone. */
export function openScratch(server: ServerTarget): Promise<CatalogueSession> {
  const { connectTimeoutMs } = defaults.pool
  return openCatalogueSession(server, { connectTimeoutMs, commandTimeoutMs: null, isTrial: true })
}
