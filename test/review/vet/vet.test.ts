import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ConfigError } from '../../../src/errors.js'
import { ruleTexts } from '../../../src/review/vet/rules.js'
import { vet } from '../../../src/review/vet/vet.js'
import { makeProject } from './fixtures/project.js'

/** A statement with a fault, whose line ends in `-- !`, and the rule that finds it. */
interface Fault {
  readonly name: string
  readonly rule: string
  /** What is committed; default: a read. */
  readonly isRead?: boolean
  readonly sql: string
}

const faults: readonly Fault[] = [
  { name: 'noColumn', rule: 'prepare', sql: 'SELECT\n  item_id,\n  weight -- !\nFROM shop.item WHERE item_id = :id!' },
  {
    name: 'otherVariant',
    rule: 'prepare',
    sql: "SELECT name FROM shop.item\nWHERE\n  item_id = :id -- @if id\n  AND color = 'red' -- !\nLIMIT 1",
  },
  { name: 'wrongMark', rule: 'read-mark', sql: '-- One row.\nUPDATE shop.item SET price = 1 WHERE item_id = :id!' },
  {
    name: 'lostMark',
    rule: 'read-mark',
    isRead: false,
    sql: '-- One row.\nSELECT name FROM shop.item WHERE item_id = :id!',
  },
  {
    name: 'outerJoin',
    rule: 'nullability',
    sql: 'SELECT\n  i.name,\n  m.name AS maker -- !\nFROM shop.item AS i\n  LEFT JOIN shop.maker AS m USING (maker_id)\nWHERE i.item_id = :id!',
  },
  { name: 'noRows', rule: 'nullability', sql: 'SELECT\n  max(item_id) AS "most!" -- !\nFROM shop.item' },
  { name: 'everything', rule: 'select-star', sql: 'SELECT * -- !\nFROM shop.item WHERE item_id = :id!' },
  {
    name: 'allParts',
    rule: 'select-star',
    sql: 'SELECT\n  (i).* -- !\nFROM shop.item AS i WHERE i.item_id = :id!',
  },
  {
    name: 'halfNamed',
    rule: 'select-star',
    sql: 'WITH found AS (SELECT country FROM shop.maker WHERE maker_id = :id!)\nSELECT\n  * -- !\nFROM found CROSS JOIN shop.item AS i WHERE i.item_id = :id!',
  },
  { name: 'allItems', rule: 'unbounded', sql: 'SELECT name -- !\nFROM shop.item ORDER BY item_id' },
  { name: 'page', rule: 'offset', sql: 'SELECT name FROM shop.item\nORDER BY item_id\nLIMIT 10\nOFFSET :skip! -- !' },
  {
    name: 'ties',
    rule: 'order-key',
    sql: 'SELECT name FROM shop.item\nORDER BY\n  name, -- @if order=name\n  item_id, -- @if order=id\n  color -- !\nLIMIT 10',
  },
  { name: 'raise', rule: 'delete-all', isRead: false, sql: 'UPDATE shop.item -- !\nSET price = price + 1' },
  {
    name: 'notIn',
    rule: 'not-in-null',
    sql: 'SELECT count(*) AS "count!" FROM shop.maker\nWHERE\n  country NOT IN (SELECT code FROM shop.item) -- !',
  },
  {
    name: 'notAll',
    rule: 'not-in-null',
    sql: 'SELECT count(*) AS "count!" FROM shop.maker\nWHERE\n  country <> ALL (SELECT code FROM shop.item) -- !',
  },
  {
    name: 'orFilter',
    rule: 'unbounded',
    sql: 'SELECT name -- !\nFROM shop.maker\nWHERE\n  maker_id = :id!\n  OR TRUE -- @if all=yes\n',
  },
  { name: 'perhapsLimited', rule: 'unbounded', sql: 'SELECT name -- !\nFROM shop.item ORDER BY item_id LIMIT :limit' },
  {
    name: 'raiseOthers',
    rule: 'delete-all',
    isRead: false,
    sql: 'UPDATE shop.item AS i -- !\nSET price = 1\nFROM shop.maker AS m\nWHERE m.maker_id = :id!',
  },
  {
    name: 'dropOthers',
    rule: 'delete-all',
    isRead: false,
    sql: 'DELETE FROM shop.item AS i -- !\nUSING shop.maker AS m\nWHERE m.maker_id = :id!',
  },
  { name: 'always', rule: 'delete-all', isRead: false, sql: 'DELETE FROM shop.item -- !\nWHERE 1 = 1' },
  {
    name: 'byPrice',
    rule: 'index',
    sql: 'SELECT name FROM shop.item\nWHERE\n  price = :price! -- !\nORDER BY item_id\nLIMIT 10',
  },
  {
    name: 'byText',
    rule: 'implicit-cast',
    sql: 'SELECT name FROM shop.item\nWHERE\n  item_id::text = :id! -- !\nORDER BY item_id\nLIMIT 10',
  },
  {
    name: 'cheapest',
    rule: 'sort-without-index',
    sql: 'SELECT name FROM shop.item\nORDER BY -- !\n  price,\n  item_id\nLIMIT 10',
  },
  { name: 'noReason', rule: 'vet-off', sql: '-- @vet-off offset: -- !\nSELECT 1 AS one' },
  { name: 'unknownRule', rule: 'vet-off', sql: '-- @vet-off ofset: a typing error -- !\nSELECT 2 AS two' },
  { name: 'stale', rule: 'vet-off', sql: '-- @vet-off offset: there is none any more -- !\nSELECT 3 AS three' },
]

/** Faults of the schema: the rule, and how its line begins. */
const schemaFaults = [
  ['unused-index', 'CREATE INDEX maker_closed_at_idx'],
  ['duplicate-index', 'CREATE INDEX item_name_2_idx'],
  ['foreign-key-index', '  item_id int CONSTRAINT'],
] as const

const MIGRATION = `-- Up Migration
CREATE INDEX item_name_idx ON shop.item (name, item_id);
CREATE INDEX item_name_2_idx ON shop.item (name, item_id);
CREATE INDEX maker_closed_at_idx ON shop.maker (closed_at);
CREATE TABLE shop.visit (
  visit_id int CONSTRAINT visit_pkey PRIMARY KEY,
  item_id int CONSTRAINT visit_item_id_fkey REFERENCES shop.item
);
-- Down Migration
DROP TABLE shop.visit;
`

const sound = `
/* @name soundPage */
-- Reads by key and says why it does not end in a unique one.
-- @vet-off order-key: a test of what is turned off
SELECT
  i.name,
  m.name AS "maker?"
FROM
  shop.item AS i
  LEFT JOIN shop.maker AS m USING (maker_id)
ORDER BY
  i.name
LIMIT :limit!;

/* @name soundFence */
SELECT name
FROM (SELECT name FROM shop.item WHERE item_id = :id! OFFSET 0) AS found;

/* @name soundStars */
SELECT count(m.*) AS "count!"
FROM shop.maker AS m
WHERE EXISTS (SELECT * FROM shop.item AS i WHERE i.item_id = m.maker_id);

/* @name soundExactStars */
WITH
  raw AS (SELECT item_id, name FROM shop.item WHERE item_id = :id!),
  found AS (SELECT * FROM raw)
SELECT f.*, m.*
FROM found AS f
  JOIN (SELECT maker_id, country FROM shop.maker WHERE maker_id = :id!) AS m ON TRUE
LIMIT 1;

/* @name soundLock */
LOCK TABLE shop.item IN SHARE MODE;

/* @name soundMerge */
MERGE INTO shop.item AS i USING shop.maker AS m ON m.maker_id = i.maker_id
WHEN MATCHED THEN UPDATE SET price = 0;

/* @name soundUpdate */
UPDATE shop.item AS i
SET price = 0
FROM shop.maker AS m
WHERE m.maker_id = i.maker_id AND i.item_id = :id!;
`

const text = faults.map(({ name, sql }) => `/* @name ${name} */\n${sql};\n`).join('\n') + sound

t.test('vet', async (t) => {
  const sounds = {
    soundPage: true,
    soundFence: true,
    soundStars: true,
    soundExactStars: true,
    soundLock: false,
    soundMerge: false,
    soundUpdate: false,
  }
  const reads = { ...Object.fromEntries(faults.map(({ name, isRead }) => [name, isRead ?? true])), ...sounds }
  const marked = text.split('\n')
  const folder = makeProject(t, text.replace(/ *-- ! *(?=;?$)/gm, ''), reads)
  writeFileSync(join(folder, 'migrations/0002_faults.sql'), MIGRATION)
  const { findings, queries, rules } = await vet(folder)

  for (const { name, rule } of faults) {
    t.test(`finds the fault of ${name} at its line: ${rule}`, async (t) => {
      const start = marked.indexOf(`/* @name ${name} */`)
      const fault = marked.findIndex((line, index) => index > start && / -- ! *;?$/.test(line))
      const line = rule === 'read-mark' ? start + 3 : fault + 1
      const found = findings.filter(({ subject }) => subject === name)
      t.ok(found.length > 0)
      const committed = ['generated/queries.json', 'generated/shop.queries.ts']
      if (rule === 'read-mark') t.same(found.map(({ message }) => message.split(' ')[0]).sort(), committed)
      for (const finding of found) t.match(finding, { rule, line, file: 'sql/shop.sql', message: /./, advice: /./ })
    })
  }

  for (const [rule, start] of schemaFaults) {
    t.test(`finds the fault of the schema at its line: ${rule}`, async (t) => {
      const line = MIGRATION.split('\n').findIndex((text) => text.startsWith(start)) + 1
      t.match(
        findings.filter((finding) => finding.rule === rule && finding.line === line),
        [{ file: 'migrations/0002_faults.sql', message: /./, advice: /./ }],
      )
    })
  }

  t.test('has a fault here for each rule', async (t) => {
    const planted = [...faults.map(({ rule }) => rule), ...schemaFaults.map(([rule]) => rule)]
    t.same([...new Set(planted)].sort(), ruleTexts.map(({ name }) => name).sort())
  })

  t.test('finds nothing in sound queries, nor what a comment turns off', async (t) => {
    t.same(
      findings.filter(({ subject }) => subject !== null && subject in sounds),
      [],
    )
    t.same([queries, rules.length], [faults.length + Object.keys(sounds).length, ruleTexts.length])
  })

  t.test('tells once that a query is not generated', async (t) => {
    const report = await vet(
      makeProject(t, '/* @name findItem */\nSELECT name FROM shop.item WHERE item_id = :id!;\n', {}),
    )
    t.match(report.findings, [
      { rule: 'read-mark', message: /^it is not generated yet: neither/, advice: /npx ashlar generate/ },
    ])
    t.equal(report.findings.length, 1)
  })

  t.test('looks at some queries with some rules only, and then not at the schema', async (t) => {
    const chosen = { queries: ['ties', 'page'], rules: ['order-key', 'unused-index'] }
    const report = await vet(folder, chosen)
    t.same([report.rules, report.queries, report.variants], [['order-key', 'vet-off'], 2, 2])
    t.match(report.findings, [{ rule: 'order-key', subject: 'ties' }])
  })

  t.test('refuses a rule that there is not, before it starts a server', async (t) => {
    await t.rejects(
      vet(folder, { rules: ['ofset'] }),
      new ConfigError({
        field: 'rule',
        value: 'ofset',
        limit: `one of ${ruleTexts.map(({ name }) => name).join(', ')}`,
      }),
    )
  })

  t.test('refuses a query that there is not', async (t) => {
    await t.rejects(vet(folder, { queries: ['nothing'] }), { code: 'ASHLAR_CONFIG', field: 'query' })
  })
})
