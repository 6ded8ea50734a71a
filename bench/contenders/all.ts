/** The contenders, in the order in which they are told. */

import { ashlar } from './ashlar.js'
import type { Contender } from './contender.js'
import { drizzle } from './drizzle.js'
import { knex } from './knex.js'
import { kysely } from './kysely.js'
import { pg, pgNamed } from './pg.js'
import { pgPromise } from './pg-promise.js'
import { pgCursor, pgQueryStream } from './pg-streams.js'
import { pgtyped } from './pgtyped.js'
import { postgresJs } from './postgres-js.js'
import { slonik } from './slonik.js'

export const allContenders: readonly Contender[] = [
  ashlar,
  pg,
  pgNamed,
  pgtyped,
  postgresJs,
  drizzle,
  kysely,
  slonik,
  pgPromise,
  knex,
]

/** Those whose way to the server differs; the rest are node-postgres underneath. */
export const fewContenders: readonly Contender[] = [ashlar, pgNamed, postgresJs]

export const streamContenders: readonly Contender[] = [ashlar, pgQueryStream, pgCursor, postgresJs]
