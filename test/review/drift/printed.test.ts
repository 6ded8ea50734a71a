import pg from 'pg'
import t, { type Test } from 'tap'
import { migrateUp } from '../../../src/migrate/runner.js'
import { sourcesOf } from '../../../src/migrate/source.js'
import { diffSchema } from '../../../src/review/drift/schema-diff.js'
import { createTestDatabase } from '../../fixtures/database.js'
import { startDebianServer } from '../../fixtures/debian-server.js'
import { target } from '../../fixtures/template.js'

const MIGRATION = `-- Up Migration
CREATE SCHEMA shop;
CREATE TABLE shop.item (item_id int PRIMARY KEY, name text, cents int DEFAULT 1 + 1, CHECK (substring(name FROM 1 FOR 2) <> 'x'));
CREATE VIEW shop.names AS SELECT name, cents AS price FROM shop.item WHERE name <> '' GROUP BY name, cents;
CREATE VIEW shop.prices AS SELECT price FROM shop.names;
CREATE MATERIALIZED VIEW shop.kept AS SELECT name FROM shop.item;
CREATE UNIQUE INDEX kept_name_idx ON shop.kept (lower(name));
CREATE RULE keep AS ON DELETE TO shop.item DO ALSO INSERT INTO shop.item SELECT item_id, name FROM shop.item WHERE false;
CREATE FUNCTION shop.count() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM shop.item WHERE name IS NULL; END;
CREATE POLICY mine ON shop.item USING (EXISTS (SELECT FROM shop.kept WHERE kept.name = item.name));
-- Down Migration
DROP SCHEMA shop CASCADE;
`

async function openOwn(t: Test) {
  const access = await createTestDatabase(t)
  return { server: target(access, access.database), close: async () => {} }
}

t.test('a server of another version', async (t) => {
  const debian = await startDebianServer(t)
  if (debian === null) {
    t.pass('none is installed')
    return
  }
  const project = t.testdir({ migrations: { '0001_shop.sql': MIGRATION } })
  const access = { host: '127.0.0.1', port: debian.port, user: 'ashlar', password: 'x', database: 'postgres' }
  const server = target(access, 'postgres')
  await migrateUp(server, { sources: sourcesOf(project) })
  const client = new pg.Client(access)
  await client.connect()
  t.teardown(() => client.end())
  const diff = (undo = false) => diffSchema(project, server, { undo }, () => openOwn(t))

  await t.test('that was migrated is equal, though it prints definitions in other words', async (t) => {
    t.same((await diff()).differences, [])
  })

  await t.test('shows what was changed by hand, and nothing else, and the draft covers it', async (t) => {
    await client.query(`
      ALTER TABLE shop.item ADD more int;
      CREATE OR REPLACE VIEW shop.names AS SELECT name, cents AS price FROM shop.item WHERE more > 2 GROUP BY name, cents;
      CREATE VIEW shop.others AS SELECT more FROM shop.item`)
    const { differences, draft } = await diff()
    t.same(
      differences.map(({ change, kind, name }) => `${change} ${kind} ${name}`),
      ['extra column shop.item.more', 'changed view shop.names', 'extra view shop.others'],
    )
    t.same([draft?.uncovered, draft?.uncoveredDown], [[], []])
    const undo = await diff(true)
    await client.query(undo.draft?.sql ?? '')
    t.same((await diff()).differences, [], 'the script takes it back')
  })
})
