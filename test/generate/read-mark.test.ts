import t from 'tap'
import type { Volatility } from '../../src/generate/catalogue.js'
import { isRead } from '../../src/generate/read-mark.js'
import { tools } from './fixtures/queries.js'

function named(...names: readonly string[]) {
  return (name: string, schema: string | null): boolean =>
    names.includes(`${schema}.${name}`) || (schema === null && names.some((known) => known.endsWith(`.${name}`)))
}

const volatility: Volatility = {
  isVolatileFunction: named('pg_catalog.random', 'pg_catalog.nextval', 'shop.restock'),
  isVolatileOperator: named('shop.<~>'),
  isVolatileCast: named('shop.stamp'),
  isTable: named('shop.item', 'shop.price'),
}

const reads = [
  'SELECT 1',
  'VALUES (1), (2)',
  'TABLE shop.item',
  'SELECT i.id, now() FROM shop.item AS i JOIN shop.price USING (id) WHERE i.id = ANY($1) ORDER BY i.id USING <',
  'SELECT id FROM shop.item UNION ALL SELECT id FROM shop.price',
  'WITH cheap AS (SELECT id FROM shop.item) SELECT id FROM cheap WHERE id IN (SELECT id FROM cheap)',
  'WITH item AS (SELECT id FROM item) SELECT id FROM item',
  'WITH RECURSIVE up AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM up) SELECT n FROM up',
  'SELECT (WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT x FROM b)',
  'SELECT x FROM json_to_recordset($1) AS r (x int)',
  'SELECT other.restock(1)',
  'SELECT $1::text, CAST(1 AS numeric(3, 1))',
]

const notReads = [
  'INSERT INTO shop.item VALUES (1)',
  'WITH gone AS (DELETE FROM shop.item RETURNING id) SELECT id FROM gone',
  'SELECT id FROM shop.item FOR UPDATE',
  'SELECT id FROM shop.item FOR KEY SHARE SKIP LOCKED',
  'SELECT id FROM (SELECT id FROM shop.item FOR SHARE) AS locked',
  'WITH locked AS (SELECT id FROM shop.item FOR UPDATE) SELECT id FROM locked',
  'SELECT id INTO TEMP copy FROM shop.item',
  'CREATE TABLE copy AS SELECT 1',
  'SELECT random()',
  "SELECT coalesce($1, nextval('s'))",
  'SELECT id FROM shop.item WHERE shop.restock(id)',
  'SELECT i.restock FROM shop.item AS i',
  'SELECT (i).restock FROM shop.item AS i',
  'SELECT id FROM shop.item ORDER BY random()',
  'SELECT id FROM shop.item LIMIT (SELECT random())',
  'SELECT sum(id) OVER (ORDER BY random()) FROM shop.item',
  'SELECT a <~> b FROM shop.item',
  'SELECT a OPERATOR(shop.<~>) b FROM shop.item',
  'SELECT id FROM shop.item ORDER BY id USING <~>',
  'SELECT 1 <~> ANY (SELECT id FROM shop.item)',
  'SELECT $1::shop.stamp',
  'SELECT id FROM shop.some_view',
  'SELECT id FROM some_view',
  'WITH some_view AS (SELECT id FROM some_view) SELECT id FROM some_view',
  'SELECT (WITH inner_name AS (SELECT 1 AS x) SELECT x FROM inner_name) FROM inner_name',
  'SELECT 1; SELECT 2',
  'EXPLAIN SELECT 1',
]

t.test('isRead', async (t) => {
  for (const text of reads) {
    t.test(`marks ${text}`, async (t) => {
      t.ok(isRead(await tools.serverParser.parse(text), volatility))
    })
  }
  for (const text of notReads) {
    t.test(`does not mark ${text}`, async (t) => {
      t.notOk(isRead(await tools.serverParser.parse(text), volatility))
    })
  }
})
