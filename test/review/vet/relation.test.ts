import { Client } from 'pg'
import t from 'tap'
import { readObjects } from '../../../src/review/vet/objects.js'
import { isOrdered } from '../../../src/review/vet/relation/order.js'
import { readStatement } from '../../../src/review/vet/relation/reader.js'
import { createTestDatabase } from '../../fixtures/database.js'
import { tools } from '../../generate/fixtures/queries.js'
import { SCHEMA } from './fixtures/project.js'

const LEFT = 'SELECT m.name FROM shop.item AS i LEFT JOIN shop.maker AS m ON m.maker_id = i.maker_id'

/** A partial unique index with a constant, a unique key of two columns, and a function of sets. */
const LABELS = `
CREATE TABLE shop.label (label_id int PRIMARY KEY, label text, state text, shelf int, place int, UNIQUE (shelf, place));
CREATE UNIQUE INDEX label_open_key ON shop.label (label) WHERE state = 'open';
CREATE FUNCTION shop.labels() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT label FROM shop.label'`

/** What can be said of the first column. */
const nulls: Readonly<Record<'never' | 'maybe' | 'unknown', readonly string[]>> = {
  never: [
    'SELECT name FROM shop.item',
    'SELECT i.name FROM shop.item AS i LEFT JOIN shop.maker AS m USING (maker_id)',
    'SELECT maker_id FROM shop.item AS i LEFT JOIN shop.maker AS m USING (maker_id)',
    'SELECT m.name FROM shop.maker AS m RIGHT JOIN (shop.item AS i JOIN shop.maker AS o USING (maker_id)) ON TRUE WHERE m.maker_id = 1',
    `${LEFT} WHERE m.maker_id = $1`,
    `${LEFT} WHERE m.name IS NOT NULL`,
    `${LEFT} WHERE m.closed_at < now()`,
    `${LEFT} WHERE (m.name = 'a' OR m.country = 'b')`,
    `${LEFT} WHERE NOT (m.name = 'a')`,
    `${LEFT} WHERE m.name LIKE 'a%'`,
    `${LEFT} WHERE (m.name = 'a') IS TRUE`,
    `${LEFT} WHERE m.name IN ('a', 'b')`,
    `${LEFT} WHERE m.name IN (SELECT name FROM shop.item)`,
    `${LEFT} WHERE (m.name, m.maker_id) > ($1, $2)`,
    `${LEFT} WHERE m.name = ANY($1) AND i.price > 3`,
    `${LEFT} JOIN shop.item AS o ON o.maker_id = m.maker_id`,
    'SELECT country FROM shop.maker WHERE country IS NOT NULL',
    'SELECT country FROM (SELECT country FROM shop.maker WHERE country > $1) AS m',
    'SELECT coalesce(country, name) FROM shop.maker',
    'SELECT count(*) FROM shop.item',
    'SELECT count(price) FILTER (WHERE price > 3) FROM shop.item',
    'SELECT EXISTS (SELECT 1 FROM shop.item)',
    'SELECT ARRAY(SELECT price FROM shop.item)',
    'SELECT (SELECT count(*) FROM shop.item)',
    'SELECT max(item_id) FROM shop.item GROUP BY color',
    'SELECT array_agg(price) FROM shop.item GROUP BY color',
    'SELECT name FROM shop.item UNION SELECT name FROM shop.maker',
    "SELECT CASE WHEN price > 3 THEN 'a' ELSE 'b' END FROM shop.item",
    'WITH x AS (SELECT name AS n FROM shop.item) SELECT n FROM x',
    'WITH x (a, b) AS (SELECT price, name FROM shop.item) SELECT b FROM x',
    'SELECT row_number() OVER (ORDER BY price) FROM shop.item',
    'DELETE FROM shop.item RETURNING name',
    'SELECT position FROM unnest($1::text[]) WITH ORDINALITY AS input (text, position)',
    'SELECT country FROM shop.maker GROUP BY country HAVING country IS NOT NULL',
    'SELECT sum(n) FROM (SELECT count(*) AS n FROM shop.item UNION ALL SELECT count(*) FROM shop.maker) AS x',
  ],
  maybe: [
    LEFT,
    'SELECT i.name FROM shop.item AS i RIGHT JOIN shop.maker AS m USING (maker_id)',
    'SELECT i.name FROM shop.item AS i FULL JOIN shop.maker AS m USING (maker_id)',
    'SELECT m.name FROM shop.item AS i FULL JOIN shop.maker AS m ON m.maker_id = i.maker_id',
    `${LEFT} WHERE m.name IS NULL`,
    `${LEFT} WHERE coalesce(m.name, 'a') = 'a'`,
    `${LEFT} WHERE m.name = 'a' OR i.price > 3`,
    `${LEFT} WHERE m.name IS DISTINCT FROM 'a'`,
    `${LEFT} WHERE (m.name = 'a') IS NOT TRUE`,
    `${LEFT} WHERE i.name = 'a'`,
    `${LEFT} LEFT JOIN shop.item AS o ON o.maker_id = m.maker_id`,
    'SELECT x.name FROM shop.item AS i LEFT JOIN (SELECT * FROM shop.maker) AS x USING (maker_id)',
    'SELECT x.n FROM (SELECT m.name AS n FROM shop.item AS i LEFT JOIN shop.maker AS m ON FALSE) AS x',
    'WITH x AS (SELECT m.name FROM shop.item AS i LEFT JOIN shop.maker AS m ON FALSE) SELECT name FROM x',
    'SELECT m.name FROM shop.item AS i LEFT JOIN (shop.item AS o JOIN shop.maker AS m USING (maker_id)) ON o.item_id = i.item_id',
    'SELECT x.name FROM shop.item AS i LEFT JOIN LATERAL (SELECT name FROM shop.maker AS m WHERE m.maker_id = i.maker_id LIMIT 1) AS x ON TRUE',
    'SELECT country FROM shop.maker',
    'SELECT country FROM shop.maker WHERE country IS NULL OR name > $1',
    'SELECT coalesce(country, country) FROM shop.maker',
    'SELECT upper(country) FROM shop.maker',
    'SELECT price + 1 FROM shop.item',
    'SELECT country::text FROM shop.maker',
    'SELECT max(item_id) FROM shop.item',
    'SELECT sum(price) FROM shop.item GROUP BY color',
    'SELECT max(item_id) FILTER (WHERE price > 3) FROM shop.item GROUP BY color',
    'SELECT (SELECT max(item_id) FROM shop.item)',
    'SELECT NULL',
    "SELECT nullif(name, '') FROM shop.item",
    'SELECT name FROM shop.item UNION ALL SELECT country FROM shop.maker',
    'DELETE FROM shop.item RETURNING price',
    'UPDATE shop.item SET price = 1 FROM shop.item AS i LEFT JOIN shop.maker AS m USING (maker_id) WHERE i.item_id = item.item_id RETURNING m.name',
    'SELECT o.item_id FROM shop.item AS i LEFT JOIN (shop.item AS o JOIN shop.maker AS m ON m.maker_id = o.item_id) ON o.maker_id = i.maker_id',
    'SELECT o.item_id FROM (shop.item AS o JOIN shop.maker AS m ON m.maker_id = o.item_id) RIGHT JOIN shop.item AS i ON o.maker_id = i.maker_id',
    'SELECT o.item_id FROM (shop.item AS o JOIN shop.maker AS m ON m.maker_id = o.item_id) FULL JOIN shop.item AS i ON o.maker_id = i.maker_id',
    'SELECT color, count(*) FROM shop.item GROUP BY ROLLUP (color)',
    'SELECT color, name FROM shop.item GROUP BY CUBE (color, name)',
    'SELECT color, count(*) FROM shop.item GROUP BY GROUPING SETS ((color), ())',
    'SELECT lag(item_id) OVER (ORDER BY item_id) FROM shop.item',
    'SELECT nth_value(item_id, 2) OVER (ORDER BY item_id) FROM shop.item',
  ],
  unknown: [
    'SELECT $1::text',
    'SELECT (SELECT name FROM shop.item WHERE item_id = 1)',
    'SELECT CASE WHEN price > 3 THEN 1 END FROM shop.item',
    'SELECT max(item_id) FROM shop.item HAVING count(*) > 0',
    'UPDATE shop.item SET price = 1 RETURNING price',
    'SELECT text FROM unnest($1::text[]) AS input (text)',
    'SELECT maker_id FROM shop.item AS i FULL JOIN shop.maker AS m USING (maker_id)',
    'SELECT xmax FROM shop.item',
    'SELECT gone FROM shop.item, nowhere.at_all',
    'SELECT sum(item_id) FROM shop.item GROUP BY GROUPING SETS ((color), ())',
    'SELECT max(price) FROM shop.item GROUP BY color HAVING max(price) IS NOT NULL',
    'SELECT max(v) FROM (VALUES (1), (2)) AS input (v)',
    'SELECT lag(item_id, 1, 0) OVER (ORDER BY item_id) FROM shop.item',
    'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY price) FROM shop.item GROUP BY color',
    'SELECT unnest(array_agg(item_id)) FROM shop.item',
  ],
}

/** How many rows there can be. */
const rows: Readonly<Record<'one' | 'bounded' | 'many', readonly string[]>> = {
  one: [
    'SELECT 1',
    'SELECT count(*) FROM shop.item',
    'SELECT name FROM shop.item WHERE item_id = $1',
    'SELECT word FROM lower($1) AS word',
    'SELECT name FROM shop.item WHERE code = $1 AND price > 3',
    'SELECT name FROM shop.maker WHERE name = $1 AND closed_at IS NULL',
    'SELECT m.name FROM shop.item AS i JOIN shop.maker AS m ON m.maker_id = i.maker_id WHERE i.item_id = $1',
    'SELECT m.name FROM shop.item AS i LEFT JOIN shop.maker AS m USING (maker_id) WHERE i.item_id = $1',
    'SELECT name FROM shop.item WHERE item_id = (SELECT item_id FROM shop.item LIMIT 1)',
    'SELECT name FROM shop.item WHERE item_id IN (SELECT max(item_id) FROM shop.item)',
    'SELECT name FROM shop.item ORDER BY item_id LIMIT 1',
    'UPDATE shop.item SET price = 1 WHERE item_id = $1 RETURNING name',
    'UPDATE shop.item SET price = 1',
    "INSERT INTO shop.maker VALUES (1, 'a') RETURNING name",
    'SELECT maker_id, count(*) FROM shop.item WHERE item_id = $1 GROUP BY maker_id',
    'WITH x AS (SELECT * FROM shop.maker WHERE maker_id = 1) SELECT x.name, count(*) FROM x LEFT JOIN shop.item USING (maker_id) GROUP BY x.name',
    "SELECT name FROM shop.item WHERE code = $1 AND color = 'red'",
    "SELECT label_id FROM shop.label WHERE label = $1 AND state = 'open'",
    'MERGE INTO shop.item AS i USING shop.maker AS m ON m.maker_id = i.maker_id WHEN MATCHED THEN DELETE',
  ],
  bounded: [
    'SELECT name FROM shop.item WHERE item_id = ANY($1)',
    'SELECT name FROM shop.item WHERE item_id IN (1, 2)',
    'SELECT name FROM shop.item WHERE item_id IN (SELECT unnest($1::int[]))',
    'SELECT name FROM shop.item JOIN unnest($1::int[]) AS input (item_id) USING (item_id)',
    'WITH input AS (SELECT id FROM json_to_recordset($1) AS i (id int)) SELECT i.name FROM input JOIN shop.item AS i ON i.item_id = input.id',
    'SELECT i.name FROM unnest($1::text[]) AS x (n) LEFT JOIN shop.maker AS m ON m.name = x.n AND m.closed_at IS NULL LEFT JOIN shop.item AS i ON i.item_id = m.maker_id',
    'SELECT name FROM shop.item ORDER BY item_id LIMIT $1',
    'SELECT color, count(*) FROM shop.item GROUP BY color',
    'SELECT 1 UNION SELECT 2',
    'VALUES (1), (2)',
    'INSERT INTO shop.maker SELECT * FROM unnest($1::int[], $2::text[]) RETURNING name',
    'SELECT n FROM generate_series(1, $1) AS n',
    'SELECT label_id FROM shop.label WHERE (shelf, place) IN ((1, 2), (3, 4))',
    'SELECT label_id FROM shop.label WHERE (shelf, place) IN (SELECT a, b FROM unnest($1::int[], $2::int[]) AS input (a, b))',
    "SELECT id FROM json_table($1::jsonb, '$[*]' COLUMNS (id int PATH '$.id')) AS input",
    "SELECT id FROM xmltable('/a' PASSING ($1::xml) COLUMNS id int PATH 'b') AS input",
    'MERGE INTO shop.item AS i USING unnest($1::int[]) AS input (id) ON i.item_id = input.id WHEN MATCHED THEN DELETE RETURNING i.name',
  ],
  many: [
    'SELECT name FROM shop.item',
    'SELECT name FROM shop.item WHERE name = $1',
    'SELECT name FROM shop.item WHERE item_id > $1',
    'SELECT name FROM shop.item WHERE item_id = $1 OR price = $2',
    'SELECT name FROM shop.item WHERE item_id = price',
    'SELECT name FROM shop.maker WHERE name = $1',
    'SELECT name FROM shop.maker WHERE name = $1 AND closed_at IS NOT NULL',
    'SELECT m.name FROM shop.maker AS m, shop.maker AS o WHERE m.name = $1 AND o.closed_at IS NULL',
    'SELECT i.name FROM shop.item AS i JOIN shop.maker AS m USING (maker_id) WHERE m.maker_id = $1',
    'SELECT i.name FROM shop.item AS i LEFT JOIN shop.maker AS m ON i.item_id = 1',
    'SELECT i.name FROM shop.item AS i LEFT JOIN shop.maker AS m ON i.item_id = 1 AND m.maker_id = i.maker_id',
    'SELECT i.name FROM shop.item AS i FULL JOIN shop.maker AS m USING (maker_id) WHERE i.item_id = $1',
    'SELECT name FROM shop.item WHERE item_id IN (SELECT maker_id FROM shop.maker)',
    'SELECT name FROM shop.item ORDER BY item_id LIMIT ALL',
    'SELECT maker_id, count(*) FROM shop.item GROUP BY maker_id',
    'UPDATE shop.item SET price = 1 RETURNING name',
    'SELECT relname FROM pg_class',
    'SELECT label FROM shop.labels() AS label',
    'WITH RECURSIVE pg_class AS (SELECT 1 AS oid UNION ALL SELECT oid + 1 FROM pg_class WHERE oid = 1) SELECT oid FROM pg_class',
    'SELECT unnest(array_agg(item_id)) FROM shop.item',
    'SELECT name FROM shop.item ORDER BY name FETCH FIRST 1 ROW WITH TIES',
    "SELECT label_id FROM shop.label WHERE label = $1 AND state = 'shut'",
    'SELECT label_id FROM shop.label WHERE (shelf, label) IN ((1, $1))',
    'MERGE INTO shop.item AS i USING shop.maker AS m ON m.maker_id = i.maker_id WHEN MATCHED THEN DELETE RETURNING i.name',
    'MERGE INTO shop.item AS i USING unnest($1::int[]) AS input (id) ON i.item_id = input.id WHEN NOT MATCHED BY SOURCE THEN DELETE RETURNING i.name',
    'MERGE INTO shop.item AS i USING unnest($1::int[]) AS input (id) ON i.price = input.id WHEN MATCHED THEN DELETE RETURNING i.name',
    'WITH RECURSIVE up AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM up) SELECT n FROM up',
  ],
}

/** Whether a LIMIT's rows are always the same. */
const orders: Readonly<Record<'fixed' | 'open', readonly string[]>> = {
  fixed: [
    'SELECT name FROM shop.item ORDER BY item_id LIMIT 9',
    'SELECT name FROM shop.item ORDER BY name DESC, item_id LIMIT 9',
    'SELECT item_id AS name FROM shop.item ORDER BY name LIMIT 9',
    'SELECT name, item_id FROM shop.item ORDER BY 2 LIMIT 9',
    'SELECT name FROM shop.item WHERE code IS NOT NULL ORDER BY code LIMIT 9',
    'SELECT name FROM shop.maker WHERE closed_at IS NULL ORDER BY name LIMIT 9',
    'SELECT i.name FROM shop.item AS i JOIN shop.maker AS m USING (maker_id) ORDER BY i.item_id LIMIT 9',
    'SELECT i.name FROM shop.item AS i JOIN shop.maker AS m ON m.maker_id = ANY($1) AND m.maker_id = i.maker_id ORDER BY i.item_id LIMIT 9',
    'SELECT i.name FROM shop.item AS i LEFT JOIN shop.maker AS m USING (maker_id) ORDER BY m.name, i.item_id LIMIT 9',
    'SELECT i.name FROM shop.item AS i JOIN shop.maker AS m USING (maker_id) ORDER BY m.maker_id, i.item_id LIMIT 9',
    'SELECT color, count(*) AS n FROM shop.item GROUP BY color ORDER BY n DESC, color LIMIT 9',
    'SELECT maker_id, max(price) FROM shop.item GROUP BY 1 ORDER BY 1 LIMIT 9',
    'SELECT DISTINCT name FROM shop.item ORDER BY name LIMIT 9',
    'SELECT name FROM shop.item UNION SELECT name FROM shop.maker ORDER BY name LIMIT 9',
    'WITH x AS (SELECT item_id AS id, name FROM shop.item) SELECT name FROM x ORDER BY name, id LIMIT 9',
    'SELECT n FROM generate_series(1, $1) AS n ORDER BY n LIMIT 9',
    'SELECT name FROM shop.item WHERE item_id = $1 LIMIT 9',
    'SELECT EXISTS (SELECT name FROM shop.item LIMIT 1)',
    'SELECT 1 FROM shop.item LIMIT 1',
    'SELECT name FROM shop.item ORDER BY price LIMIT 9 FOR UPDATE SKIP LOCKED',
    'SELECT name FROM shop.item ORDER BY price FETCH FIRST 9 ROWS WITH TIES',
    'SELECT name FROM shop.item LIMIT ALL',
    'SELECT unnest($1::int[]) AS n, item_id FROM shop.item WHERE item_id = $2 LIMIT ALL',
  ],
  open: [
    'SELECT name FROM shop.item LIMIT 9',
    'SELECT name FROM shop.item LIMIT 1',
    'SELECT name FROM shop.item ORDER BY name LIMIT $1',
    'SELECT name FROM shop.item ORDER BY code LIMIT 9',
    'SELECT name FROM shop.item ORDER BY item_id + 1 LIMIT 9',
    'SELECT name FROM shop.maker ORDER BY name LIMIT 9',
    'SELECT i.name FROM shop.item AS i JOIN shop.maker AS m USING (maker_id) ORDER BY m.maker_id LIMIT 9',
    'SELECT i.name FROM shop.item AS i, shop.maker AS m ORDER BY i.item_id LIMIT 9',
    'SELECT i.name FROM shop.item AS i LEFT JOIN shop.maker AS m USING (maker_id) ORDER BY m.maker_id LIMIT 9',
    'SELECT name FROM shop.item WHERE item_id = ANY($1) ORDER BY name LIMIT 9',
    'SELECT color, count(*) AS n FROM shop.item GROUP BY color ORDER BY n DESC LIMIT 9',
    'SELECT DISTINCT name, price FROM shop.item ORDER BY name LIMIT 9',
    'SELECT name FROM shop.item UNION ALL SELECT name FROM shop.maker ORDER BY name LIMIT 9',
    'SELECT count(*) FROM (SELECT name FROM shop.item LIMIT 9) AS x',
    'WITH x AS (SELECT name FROM shop.item ORDER BY name LIMIT 9) SELECT count(*) FROM x',
    'SELECT (SELECT name FROM shop.item WHERE maker_id = m.maker_id ORDER BY name LIMIT 1) FROM shop.maker AS m',
    'SELECT unnest($1::int[]) AS n, item_id FROM shop.item ORDER BY item_id LIMIT 9',
  ],
}

t.test('readStatement', async (t) => {
  const client = new Client(await createTestDatabase(t, null))
  await client.connect()
  await client.query(SCHEMA + LABELS)
  const objects = await readObjects(client, tools.serverParser)
  await client.end()

  for (const [expected, statements] of Object.entries(nulls)) {
    t.test(`says of a first column whether it can be NULL: ${expected}`, async (t) => {
      for (const statement of statements) {
        const { result } = readStatement(await tools.serverParser.parse(statement), objects)
        t.equal(result.columns?.[0]?.nulls ?? 'unknown', expected, statement)
      }
    })
  }

  for (const [expected, statements] of Object.entries(rows)) {
    t.test(`says how many rows there can be: ${expected}`, async (t) => {
      for (const statement of statements) {
        const { result } = readStatement(await tools.serverParser.parse(statement), objects)
        t.equal(result.rows, expected, statement)
      }
    })
  }

  for (const [expected, statements] of Object.entries(orders)) {
    t.test(`says whether the rows of a LIMIT are always the same: ${expected}`, async (t) => {
      for (const statement of statements) {
        const { selects, subqueries } = readStatement(await tools.serverParser.parse(statement), objects)
        const isFixed = selects.every((selected) => isOrdered(selected, subqueries, objects.routines))
        t.equal(isFixed ? 'fixed' : 'open', expected, statement)
      }
    })
  }
})
