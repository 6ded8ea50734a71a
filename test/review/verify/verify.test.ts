import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import t, { type Test } from 'tap'
import type { VerifyFinding } from '../../../src/review/verify/finding.js'
import { verify } from '../../../src/review/verify/verify.js'
import { urlOf } from '../../cli/fixtures/command.js'
import { createRole } from '../../fixtures/role.js'
import { copyShop, makeShop } from './fixtures/release.js'

const shop = await makeShop(t)
const { template } = shop
const project = t.testdir({ 'queries.json': shop.manifest, migrations: {} })
const manifest = join(project, 'queries.json')

async function findings(t: Test, change: string): Promise<readonly VerifyFinding[]> {
  const access = await copyShop(t, template, change)
  const { findings, releases } = await verify({ project, against: [manifest], live: { url: urlOf(access) } })
  t.match(releases, [{ name: '1.4.0', queries: 6 }])
  return findings
}

/** A finding in short. */
function short({ severity, rule, subject, change }: VerifyFinding): string {
  return `${severity} ${rule} ${subject}${change === null ? '' : ` < ${change}`}`
}

t.test('what leaves the queries of the previous release as they are', async (t) => {
  const changes: Readonly<Record<string, string>> = {
    nothing: 'SELECT 1',
    'a column added': 'ALTER TABLE shop.item ADD weight_g int4',
    'a column added that is NOT NULL with a default': 'ALTER TABLE shop.item ADD weight_g int4 NOT NULL DEFAULT 1',
    'an int4 column that is an int8 now': 'ALTER TABLE shop.box ALTER weight_g TYPE int8',
    'a column that is another text now': 'ALTER TABLE shop.item ALTER note TYPE varchar',
    'a column of which no write speaks narrower': 'ALTER TABLE shop.item ALTER "Odd name" TYPE varchar(5)',
    'a foreign key to a table of which nothing is deleted':
      'CREATE TABLE shop.part (item_id int4 REFERENCES shop.item)',
    'a foreign key that lets rows go': 'CREATE TABLE shop.lid (box_id int4 REFERENCES shop.box ON DELETE CASCADE)',
    'a CHECK, a unique constraint and an index dropped of which no ON CONFLICT speaks':
      'ALTER TABLE shop.box DROP CONSTRAINT box_pkey; ALTER TABLE shop.box ALTER box_id SET NOT NULL',
    'a trigger for what no query does to the table':
      'CREATE TRIGGER box_late BEFORE UPDATE OF weight_g ON shop.box FOR EACH ROW EXECUTE FUNCTION shop.pass()',
    'an enum renamed': 'ALTER TYPE shop.mood RENAME TO temper',
    'a table that nobody names': 'CREATE TABLE shop.shelf (shelf_id int4 NOT NULL)',
    'a unique index that has another name': 'ALTER INDEX shop.item_name_key RENAME TO item_name_unique',
  }
  for (const [what, change] of Object.entries(changes)) {
    t.test(what, async (t) => {
      t.same((await findings(t, change)).map(short), [])
    })
  }
})

t.test('what breaks them', async (t) => {
  const cases: readonly (readonly [what: string, change: string, found: readonly string[]])[] = [
    [
      'a column dropped',
      'ALTER TABLE shop.item DROP note',
      ['breaks prepare listItems < shop.item.note', 'breaks prepare upsertItem < shop.item.note'],
    ],
    [
      'a column renamed',
      'ALTER TABLE shop.item RENAME cents TO price_cents',
      ['breaks prepare listItems < shop.item.cents', 'breaks prepare listPrices < shop.item.cents'],
    ],
    [
      'a column with an odd name dropped',
      'ALTER TABLE shop.item DROP "Odd name"',
      ['breaks prepare listItems < shop.item.Odd name'],
    ],
    [
      'a table dropped',
      'DROP TABLE shop.box',
      ['breaks prepare addBox', 'breaks prepare countBoxes', 'breaks prepare deleteBox < shop.box.box_id'],
    ],
    ['a function dropped', 'DROP FUNCTION shop.price_of', ['breaks prepare listPrices']],
    ['a function that is volatile now', 'ALTER FUNCTION shop.price_of VOLATILE', ['breaks read-mark listPrices']],
    [
      'NOT NULL dropped',
      'ALTER TABLE shop.item ALTER name DROP NOT NULL',
      ['breaks nullability listItems < shop.item.name', 'notice nullability listPrices < shop.item.name'],
    ],
    [
      'a column added that is NOT NULL without default',
      'ALTER TABLE shop.item ADD weight_g int4 NOT NULL',
      ['breaks not-null upsertItem < shop.item.weight_g'],
    ],
    [
      'such a column behind those of an INSERT without names',
      'ALTER TABLE shop.box ADD depth_mm int4 NOT NULL',
      ['breaks not-null addBox < shop.box.depth_mm'],
    ],
    [
      'a default dropped',
      'ALTER TABLE shop.item ALTER made_at DROP DEFAULT',
      ['breaks not-null upsertItem < shop.item.made_at'],
    ],
    [
      'NOT NULL added to what may be sent as NULL',
      'ALTER TABLE shop.item ALTER note SET NOT NULL',
      ['notice not-null upsertItem < shop.item.note'],
    ],
    [
      'another type in rows and parameters',
      'ALTER TABLE shop.item ALTER name TYPE bytea USING name::bytea',
      [
        'breaks prepare listPrices < shop.item.name',
        'breaks column-type listItems',
        'breaks parameter-type listItems',
        'breaks parameter-type upsertItem',
      ],
    ],
    ['a smaller integer', 'ALTER TABLE shop.box ALTER weight_g TYPE int2', ['notice parameter-type addBox']],
    [
      'text that is an enum now',
      "CREATE TYPE shop.word AS ENUM ('a'); ALTER TABLE shop.item ALTER note TYPE shop.word USING note::shop.word",
      ['breaks parameter-type listItems', 'breaks parameter-type upsertItem'],
    ],
    [
      'an enum value renamed',
      "ALTER TYPE shop.mood RENAME VALUE 'foul' TO 'bad'",
      [
        'breaks enum-value listItems < shop.mood',
        'breaks enum-value upsertItem < shop.mood',
        'notice enum-value shop.mood < shop.mood',
      ],
    ],
    ['an enum value added', "ALTER TYPE shop.mood ADD VALUE 'mixed'", ['notice enum-value shop.mood < shop.mood']],
    [
      'the unique index of an ON CONFLICT dropped',
      'ALTER TABLE shop.item DROP CONSTRAINT item_name_key',
      ['breaks prepare upsertItem < shop.item'],
    ],
    [
      'a CHECK added',
      'ALTER TABLE shop.box ADD CONSTRAINT box_weight_range CHECK (weight_g > 0)',
      ['notice constraint shop.box box_weight_range < shop.box'],
    ],
    [
      'a unique index added',
      'CREATE UNIQUE INDEX box_weight_g_idx ON shop.box (weight_g)',
      ['notice constraint shop.box box_weight_g_idx < shop.box'],
    ],
    [
      'a trigger added',
      `CREATE FUNCTION shop.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
       CREATE TRIGGER box_refuse BEFORE INSERT ON shop.box FOR EACH ROW EXECUTE FUNCTION shop.refuse()`,
      ['notice trigger shop.box box_refuse < shop.box'],
    ],
    [
      'a trigger added for what an ON CONFLICT does',
      'CREATE TRIGGER item_pass BEFORE DELETE OR UPDATE OF note ON shop.item FOR EACH ROW EXECUTE FUNCTION shop.pass()',
      ['notice trigger shop.item item_pass < shop.item'],
    ],
    [
      'a required column that a trigger fills',
      `ALTER TABLE shop.item ADD slug text NOT NULL;
       CREATE FUNCTION shop.fill() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.slug := NEW.name; RETURN NEW; END';
       CREATE TRIGGER item_fill BEFORE INSERT ON shop.item FOR EACH ROW EXECUTE FUNCTION shop.fill()`,
      ['notice not-null upsertItem < shop.item.slug', 'notice trigger shop.item item_fill < shop.item'],
    ],
    [
      'text with a length',
      'ALTER TABLE shop.item ALTER note TYPE varchar(20)',
      ['notice limit upsertItem < shop.item.note'],
    ],
    [
      'a shorter length',
      'ALTER TABLE shop.item ALTER code TYPE varchar(5)',
      ['notice limit upsertItem < shop.item.code'],
    ],
    [
      'as many digits, and less before the point',
      'ALTER TABLE shop.item ALTER rate TYPE numeric(8,4)',
      ['notice limit upsertItem < shop.item.rate'],
    ],
    [
      'the default dropped of what may be NULL',
      'ALTER TABLE shop.item ALTER shade DROP DEFAULT',
      ['notice default upsertItem < shop.item.shade'],
    ],
    [
      'a CHECK added to a domain',
      'ALTER DOMAIN shop.hue ADD CONSTRAINT hue_length CHECK (length(VALUE) < 3)',
      ['notice constraint shop.item hue_length < shop.item'],
    ],
    [
      'another body of a trigger',
      `CREATE OR REPLACE FUNCTION shop.pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
      ['notice trigger shop.box box_pass < shop.box'],
    ],
    [
      'a foreign key to a table of which rows are deleted',
      'CREATE TABLE shop.lid (box_id int4 REFERENCES shop.box)',
      ['notice constraint shop.box lid_box_id_fkey < shop.box'],
    ],
    [
      'row level security',
      'ALTER TABLE shop.item ENABLE ROW LEVEL SECURITY',
      ['notice constraint shop.item row level security < shop.item'],
    ],
    [
      'a rule',
      'CREATE RULE keep AS ON DELETE TO shop.box DO INSTEAD NOTHING',
      ['notice trigger shop.box keep < shop.box'],
    ],
    [
      'a table behind a view of its old name',
      'ALTER TABLE shop.box RENAME TO crate; CREATE VIEW shop.box AS SELECT * FROM shop.crate',
      ['notice read-mark countBoxes'],
    ],
  ]
  for (const [what, change, found] of cases) {
    t.test(what, async (t) => {
      t.same([...(await findings(t, change))].map(short).sort(), [...found].sort())
    })
  }
})

t.test('a finding', async (t) => {
  t.test('says what changed, in which lines, and what to do', async (t) => {
    const [first] = await findings(t, 'ALTER TABLE shop.item RENAME cents TO price_cents')
    t.match(first, {
      subject: 'listItems',
      release: '1.4.0',
      file: 'sql/shop/item.sql',
      message:
        /^does not prepare any more: column "cents" does not exist.*; shop\.item\.cents is gone \(renamed to price_cents\?\)$/,
      advice: /^keep the column \(when it gets another name: both, kept equal by a trigger\)/,
    })
  })

  t.test('names the variant that is concerned', async (t) => {
    const [first] = await findings(t, 'ALTER TABLE shop.item DROP "Odd name"')
    t.match(first?.message, /column "Odd name" does not exist/)
  })

  t.test('names the migration behind it, of those that are new', async (t) => {
    writeFileSync(join(project, 'migrations/0001_shop.sql'), '-- Up Migration\nALTER TABLE shop.item DROP note;\n')
    writeFileSync(
      join(project, 'migrations/0002_note.sql'),
      '-- Up Migration\n-- The note of an item goes.\nALTER TABLE shop.item\n  DROP note;\n-- Down Migration\nnote item',
    )
    writeFileSync(
      join(project, 'migrations/0003_box.sql'),
      '-- Up Migration\nCREATE TABLE x ();\n-- Down Migration\nitem note;',
    )
    const [first] = await findings(t, 'ALTER TABLE shop.item DROP note')
    t.same(first?.migration, { file: 'migrations/0002_note.sql', line: 4 })
  })
})

t.test('verifying a live database', async (t) => {
  t.test('says the same whatever the search path of the role', async (t) => {
    const change = `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = shop', current_database()); END $$`
    t.same((await findings(t, change)).map(short), [])
  })

  const access = await copyShop(t, template, 'SELECT 1')

  t.test('takes several releases', async (t) => {
    const { findings, releases } = await verify({ project, against: [manifest, project], live: { url: urlOf(access) } })
    t.same([findings.length, releases.map(({ name }) => name)], [0, [`1.4.0 (${manifest})`, `1.4.0 (${project})`]])
  })

  t.test('calls nothing broken that the role may not see', async (t) => {
    const url = urlOf({ ...access, ...(await createRole(t)) })
    await t.rejects(verify({ project, against: [manifest], live: { url } }), {
      name: 'QueryError',
      message: 'verify: permission denied for schema shop',
    })
  })

  t.test('gives up behind a migration that has a table locked', async (t) => {
    const client = new pg.Client(access)
    await client.connect()
    t.teardown(() => client.end())
    await client.query('BEGIN; LOCK TABLE shop.item IN ACCESS EXCLUSIVE MODE')
    await t.rejects(verify({ project, against: [manifest], live: { url: urlOf(access) } }), {
      name: 'TransientError',
      message: 'verify: canceling statement due to lock timeout',
    })
    await client.query('ROLLBACK')
  })
})
