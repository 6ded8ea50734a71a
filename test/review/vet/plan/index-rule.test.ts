import t from 'tap'
import { implicitCast } from '../../../../src/review/vet/plan/implicit-cast.js'
import { indexRule } from '../../../../src/review/vet/plan/index-rule.js'
import type { QueryRule } from '../../../../src/review/vet/rule.js'
import { planSchema } from '../fixtures/planned-schema.js'

const schema = await planSchema(
  t,
  `
  CREATE SCHEMA shop;
  CREATE TYPE shop.state AS ENUM ('new', 'paid');
  CREATE TABLE shop.customer (
    customer_id int8 PRIMARY KEY,
    email varchar(200) NOT NULL UNIQUE,
    country text NOT NULL,
    "Odd name" text
  );
  CREATE TABLE shop.invoice (
    invoice_id int8 PRIMARY KEY,
    customer_id int8 NOT NULL REFERENCES shop.customer,
    state shop.state NOT NULL,
    number int8 NOT NULL,
    note text,
    tags text[] NOT NULL,
    terms jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz
  );
  CREATE INDEX invoice_customer_id_idx ON shop.invoice (customer_id, created_at);
  CREATE UNIQUE INDEX invoice_number_idx ON shop.invoice (number) WHERE deleted_at IS NULL;
  CREATE INDEX invoice_state_idx ON shop.invoice (state);
  CREATE INDEX invoice_tags_idx ON shop.invoice USING gin (tags);
  CREATE INDEX invoice_lower_idx ON shop.invoice (lower(note), invoice_id);
  CREATE INDEX invoice_created_at_idx ON shop.invoice (created_at, invoice_id);
  CREATE TABLE shop.visit (visited_at timestamptz, visitor int8) PARTITION BY RANGE (visited_at);
  CREATE TABLE shop.visit_1 PARTITION OF shop.visit FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
  CREATE TABLE shop.visit_2 PARTITION OF shop.visit FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
  CREATE INDEX visit_visitor_idx ON shop.visit (visitor);
  CREATE TABLE shop.place (floor int4, room int4);
  CREATE INDEX place_floor_room_idx ON shop.place (floor, room);`,
)

async function found(rule: QueryRule, sql: string): Promise<readonly string[]> {
  const findings = await schema.checkQuery(rule, sql)
  return findings.map(({ line, parameter = '' }) => `${line} ${parameter}`)
}

const INVOICE = 'SELECT invoice_id FROM shop.invoice'

t.test('index', async (t) => {
  const served: Readonly<Record<string, string>> = {
    'a key': `${INVOICE} WHERE customer_id = :customerId!`,
    'keys behind one that is asked for': `${INVOICE} WHERE customer_id = :customerId!\nAND created_at > :after -- @if after`,
    'an array of keys': `${INVOICE} WHERE invoice_id = ANY(:ids!)`,
    'an array column': `${INVOICE} WHERE tags && :tags!`,
    'an expression': `${INVOICE} WHERE lower(note) = lower(:note!)`,
    'what a sub-select computes': `${INVOICE} WHERE lower(note) = (SELECT lower(:note!))`,
    'a varchar': 'SELECT customer_id FROM shop.customer WHERE email = :email!',
    'a partial index, whose condition a choice brings': `${INVOICE} WHERE TRUE
      AND deleted_at IS NULL -- @if deleted=hidden
      AND deleted_at IS NOT NULL -- @if deleted=only
      AND number = :number -- @if number`,
    'two filters with an index each': `${INVOICE} WHERE customer_id = :customerId! AND state = :state! AND tags @> :tags!`,
    'a filter beside a unique key': `${INVOICE} WHERE invoice_id = :id! AND note = :note!`,
    'a cursor': `${INVOICE} WHERE TRUE
      AND (created_at, invoice_id) > (:createdAt, :id) -- @if order=oldest & createdAt
      ORDER BY
      created_at, invoice_id, -- @if order=oldest
      invoice_id LIMIT :limit!`,
    'both sides of an OR': `${INVOICE} WHERE invoice_id = :id! OR customer_id = :customerId!`,
    'a join, where what is joined is looked up': `SELECT invoice_id FROM shop.invoice
      JOIN shop.customer ON customer.customer_id = invoice.customer_id
      WHERE invoice.tags @> :tags! AND customer.country = :country!`,
    partitions: 'SELECT visited_at FROM shop.visit WHERE visitor = :visitor!',
    'what is no filter': `UPDATE shop.invoice SET note = :note!, number = :number WHERE invoice_id = :id! RETURNING :text!::text AS x`,
    'rows of a function': 'SELECT n FROM generate_series(1, :most!::int4) AS n WHERE n <> :number!',
    'a change by key': 'DELETE FROM shop.invoice WHERE invoice_id = :id!',
  }
  for (const [what, sql] of Object.entries(served)) {
    t.test(`finds nothing in ${what}`, async (t) => t.same(await found(indexRule, sql), []))
  }

  const unserved: Readonly<Record<string, readonly [sql: string, findings: readonly string[]]>> = {
    'a column without an index': [`${INVOICE}\nWHERE\n  note = :note!`, ['4 note']],
    'one optional line of three': [
      `${INVOICE} WHERE TRUE
AND customer_id = :customerId -- @if customerId
AND note = :note -- @if note
AND tags @> :tags -- @if tags`,
      ['4 note'],
    ],
    'a key behind the first': [`${INVOICE}\nWHERE invoice_id > 5\nAND terms @> :terms!`, ['4 terms']],
    'a key behind one that is not asked for': ['SELECT 1 AS x FROM shop.visit\nWHERE visited_at = :at!', ['3 at']],
    'a second key, for which the whole index is read': [
      'SELECT 1 AS x FROM shop.place\nWHERE room = :room!',
      ['3 room'],
    ],
    'a lookup for each row of a table that is read as a whole': [
      `SELECT invoice_id, customer.email AS "email?" FROM shop.invoice
LEFT JOIN shop.customer ON customer.customer_id = invoice.customer_id
AND customer.country = :country!`,
      ['4 country'],
    ],
    'a filter of rows that are joined by what is not unique': [
      `SELECT other.invoice_id FROM shop.invoice AS one
JOIN shop.invoice AS other ON other.state = one.state
WHERE one.invoice_id = :id!
AND other.note = :note!`,
      ['5 note'],
    ],
    'a filter of rows that are joined by what is unique for others': [
      `SELECT other.invoice_id FROM shop.invoice AS one
JOIN shop.invoice AS other ON other.number = one.number
WHERE one.invoice_id = :id!
AND other.note = :note!`,
      ['5 note'],
    ],
    'what is not so': [`${INVOICE}\nWHERE NOT tags && :tags!`, ['3 tags']],
    'an array that holds a value': [`${INVOICE}\nWHERE :tag! = ANY(tags)`, ['3 tag']],
    'an OR with NULL': [`${INVOICE}\nWHERE (:id::int8 IS NULL OR invoice_id = :id)`, ['3 id']],
    'an index for other rows alone': [`${INVOICE}\nWHERE number = :number!`, ['3 number']],
    'a filter of a joined table that is not looked up': [
      `SELECT invoice_id FROM shop.invoice
JOIN shop.customer ON customer.customer_id = invoice.customer_id
WHERE customer.country = :country!`,
      ['4 country'],
    ],
    'one of two tables with the same parameter': [
      `SELECT 1 AS x FROM shop.invoice CROSS JOIN shop.customer
WHERE invoice.customer_id = :id!
AND customer.country = :id!::text`,
      ['4 id'],
    ],
    'a sub-select': [
      `SELECT EXISTS (
SELECT 1 FROM shop.invoice
WHERE note = :note!
) AS x`,
      ['4 note'],
    ],
    'a change': ['UPDATE shop.invoice\nSET note = :note!\nWHERE note = :old!', ['4 old']],
    'a parameter that is set and asked for': [
      'UPDATE shop.invoice\nSET note = :note!\nWHERE note <> :note!',
      ['4 note'],
    ],
  }
  for (const [what, [sql, findings]] of Object.entries(unserved)) {
    t.test(`finds ${what}`, async (t) => t.same(await found(indexRule, sql), findings))
  }

  t.test('tells what holds the filter, which index would serve and how to turn the rule off', async (t) => {
    const [finding] = await schema.checkQuery(indexRule, `${INVOICE} WHERE terms @> :terms!`)
    t.equal(finding?.subject, 'asked')
    t.equal(finding?.file, 'sql/asked.sql')
    t.match(finding?.message, /:terms is served by no index: .+ on shop\.invoice checks \(invoice\.terms @> \$1\)/)
    t.match(finding?.advice, /GIN index on terms; .*`-- @vet-off index\(terms\): <reason>`/)
  })

  t.test('tells that no index serves IS NOT DISTINCT FROM', async (t) => {
    for (const column of ['note', 'customer_id']) {
      const [finding] = await schema.checkQuery(indexRule, `${INVOICE} WHERE ${column} IS NOT DISTINCT FROM :value`)
      t.match(finding?.advice, /^no index serves IS NOT DISTINCT FROM: write `=`/)
    }
    const [other] = await schema.checkQuery(indexRule, `${INVOICE} WHERE note IS DISTINCT FROM :value`)
    t.match(other?.advice, /^ask for what is there/)
  })
})

t.test('implicit-cast', async (t) => {
  const right: Readonly<Record<string, string>> = {
    'a parameter of the column’s type': `${INVOICE} WHERE customer_id = :id!`,
    'a varchar beside a text': 'SELECT customer_id FROM shop.customer WHERE email = :email!::text',
    'an instant beside a date': `${INVOICE} WHERE created_at > :day!::date`,
    'a cast of a column without an index': 'SELECT 1 AS x FROM shop.customer WHERE "Odd name"::int = 5',
    'a join of equal types': `SELECT 1 AS x FROM shop.invoice JOIN shop.customer USING (customer_id)`,
  }
  for (const [what, sql] of Object.entries(right)) {
    t.test(`finds nothing in ${what}`, async (t) => t.same(await found(implicitCast, sql), []))
  }

  const wrong: Readonly<Record<string, readonly [sql: string, findings: readonly string[]]>> = {
    'a numeric beside an int8': [`${INVOICE}\nWHERE customer_id = :id!::numeric`, ['3 id']],
    'an enum that is read as text': [`${INVOICE}\nWHERE state::text = :state!`, ['3 state']],
    'a constant': [`${INVOICE}\nWHERE state::text = 'new'`, ['3 ']],
    'a join': [
      `SELECT 1 AS x FROM shop.customer JOIN shop.invoice\nON customer.customer_id::text = invoice.note`,
      ['3 '],
    ],
  }
  for (const [what, [sql, findings]] of Object.entries(wrong)) {
    t.test(`finds ${what}, and the index rule does not tell of it too`, async (t) => {
      t.same(await found(implicitCast, sql), findings)
      t.same(await found(indexRule, sql), [])
    })
  }

  t.test('names the column, its index and the type', async (t) => {
    const [finding] = await schema.checkQuery(implicitCast, `${INVOICE} WHERE customer_id = :id!::numeric`)
    t.match(finding?.message, /^customer_id is cast to numeric, so shop\.invoice_customer_id_idx cannot serve/)
  })
})
