/** The rule `foreign-key-index`: the rows that refer to a row are found by an index. */

import type { SchemaRule } from '../rule.js'
import { isOffByComment } from './comment-off.js'
import { constraintPlace } from './migration-place.js'

const NAME = 'foreign-key-index'

interface ForeignKey {
  readonly name: string
  readonly table: string
  readonly target: string
  readonly columns: string
  readonly comment: string | null
}

/** The keys' order does not matter; NULLs refer to nothing, so an index may leave them out. A constraint of a partition
 *  that its parent has is checked there. */
const UNINDEXED = `
  SELECT
    constraint_class.conname AS name,
    format('%I.%I', table_schema.nspname, table_class.relname) AS "table",
    format('%I.%I', target_schema.nspname, target_class.relname) AS target,
    (
      SELECT string_agg(quote_ident(attname), ', ' ORDER BY position)
      FROM
        unnest(conkey) WITH ORDINALITY AS key (number, position)
        JOIN pg_attribute ON attrelid = conrelid AND attnum = number
    ) AS columns,
    obj_description(constraint_class.oid, 'pg_constraint') AS comment
  FROM
    pg_constraint AS constraint_class
    JOIN pg_class AS table_class ON table_class.oid = conrelid
    JOIN pg_namespace AS table_schema ON table_schema.oid = table_class.relnamespace
    JOIN pg_class AS target_class ON target_class.oid = confrelid
    JOIN pg_namespace AS target_schema ON target_schema.oid = target_class.relnamespace
  WHERE
    contype = 'f'
    AND conparentid = 0
    AND NOT EXISTS (
      SELECT
      FROM
        pg_index AS i
        JOIN pg_class AS index_class ON index_class.oid = indexrelid
        JOIN pg_am ON pg_am.oid = relam
      WHERE
        indrelid = conrelid
        AND indisvalid
        AND (amname = 'btree' OR amname = 'hash' AND cardinality(conkey) = 1)
        AND (indkey::int2[])[0:cardinality(conkey) - 1] @> conkey
        AND indnkeyatts >= cardinality(conkey)
        AND (
          indpred IS NULL
          OR pg_get_expr(indpred, indrelid) IN (
            SELECT format('(%I IS NOT NULL)', attname)
            FROM pg_attribute
            WHERE attrelid = conrelid AND attnum = ANY(conkey)
          )
        )
    )
  ORDER BY 2, 1`

export const foreignKeyIndex: SchemaRule = {
  kind: 'schema',
  name: NAME,
  why: 'A foreign key has no index: each delete of a row that is referred to reads the whole referring table.',
  async check({ client, project }) {
    const { rows } = await client.query<ForeignKey>(UNINDEXED)
    const unindexed = rows.filter(({ comment }) => !isOffByComment(comment, NAME))
    return Promise.all(
      unindexed.map(async ({ name, table, target, columns }) => ({
        rule: NAME,
        ...(await constraintPlace(project.folder, name, table)),
        subject: `${table} ${name}`,
        message: `no index begins with ${columns}: each delete or key change in ${target} reads all of ${table}`,
        advice: `CREATE INDEX ... ON ${table} (${columns}), or say why not: COMMENT ON CONSTRAINT ${name} ON ${table} IS '@vet-off ${NAME}: <reason>'`,
      })),
    )
  },
}
