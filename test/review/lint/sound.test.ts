import t from 'tap'
import { parseSection } from '../../../src/review/lint/migration.js'
import { applyOffs } from '../../../src/review/lint/off.js'
import { lintRules } from '../../../src/review/lint/rules.js'

const HEAD = '-- Why: to be sound. Locks: none. Old code: not affected.'

/** Gives what our own rules find, as `line rule`. */
async function found(upText: string, downText: string): Promise<readonly string[]> {
  const text = `${HEAD}\n${upText}`
  const [up, down] = [await parseSection(text), await parseSection(downText)]
  const migration = { file: 'migrations/0001_sound.sql', name: '0001_sound', isSql: true, text, up, down }
  const findings = lintRules.flatMap((rule) =>
    rule.check(migration).map((hit) => ({ rule: rule.name, file: migration.file, ...hit })),
  )
  const left = await applyOffs(migration, findings, new Set(lintRules.map(({ name }) => name)))
  return left.map(({ line, rule }) => `${line} ${rule}`)
}

const UP = `
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE SCHEMA IF NOT EXISTS shop;
COMMENT ON SCHEMA shop IS 'What is sold
UPDATE shop.item SET name = 1;';
CREATE TYPE shop.state AS ENUM ('new');
COMMENT ON TYPE shop.state IS 'How far it is.';
ALTER TYPE shop.state ADD VALUE 'sold' AFTER 'new';
CREATE TABLE shop.item (
  item_id uuid NOT NULL CONSTRAINT item_pkey PRIMARY KEY,
  name text NOT NULL,
  state shop.state NOT NULL DEFAULT 'sold',
  sold_at timestamptz(3),
  parent_id uuid CONSTRAINT item_parent_id_fkey REFERENCES shop.item ON DELETE NO ACTION
);
COMMENT ON TABLE shop.item IS 'What is sold.';
CREATE TABLE shop.old_item (item_id uuid CONSTRAINT old_item_pkey PRIMARY KEY);
COMMENT ON TABLE shop.old_item IS 'Goes at once.';
UPDATE shop.item SET name = 'new';
CREATE FUNCTION shop.sell() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  DELETE FROM shop.gone;
  SELECT 1::bigint;
END;
WITH sold AS (SELECT item_id FROM shop.item WHERE name = 'a') DELETE FROM shop.item USING sold WHERE item.item_id = sold.item_id;
SET LOCAL work_mem = '64MB';
RESET work_mem;
DROP TABLE shop.old_item;
`

t.test('our own rules find nothing in what is sound', async (t) => {
  t.same(await found(UP, 'DROP SCHEMA shop;\nDROP EXTENSION pg_trgm;'), [])
})

t.test('a comment turns a rule off for the line below it, and for no other', async (t) => {
  const up = '-- @lint-off all-rows: few\nDELETE FROM shop.size;\nDELETE FROM shop.color;'
  t.same(await found(up, 'SELECT 1;'), ['4 all-rows'])
})

t.test('ON DELETE is not found in a comment, nor in the next constraint', async (t) => {
  const up = `ALTER TABLE shop.item
  ADD CONSTRAINT item_box_id_fkey FOREIGN KEY (box_id) /* ON DELETE as it is */ REFERENCES shop.box (box_id),
  ADD CONSTRAINT item_bag_id_fkey FOREIGN KEY (bag_id) REFERENCES shop.bag (bag_id) ON DELETE NO ACTION;`
  t.same(await found(up, 'ALTER TABLE shop.item DROP CONSTRAINT item_box_id_fkey, DROP CONSTRAINT item_bag_id_fkey;'), [
    '3 foreign-key',
  ])
})

t.test('a reason is asked for below the marker of the section, too', async (t) => {
  const up = '-- Up Migration\n-- squawk-ignore ban-drop-table\nSELECT 1;'
  t.same(await found(up, 'SELECT 1;'), ['3 lint-off'])
})

t.test('what is made sure not to be there, and then made, is no loss', async (t) => {
  const up = `DROP INDEX CONCURRENTLY IF EXISTS shop.item_name_idx;
CREATE INDEX CONCURRENTLY item_name_idx ON shop.item (name);
ALTER TABLE shop.item DROP CONSTRAINT IF EXISTS item_name_check, ADD CONSTRAINT item_name_check CHECK (name <> '');`
  const down =
    'DROP INDEX CONCURRENTLY IF EXISTS shop.item_name_idx;\nALTER TABLE shop.item DROP CONSTRAINT item_name_check;'
  t.same(await found(up, down), [])
  t.same(await found(up, 'SELECT 1;'), ['3 undo', '4 undo'])
  t.same(await found('DROP VIEW IF EXISTS shop.sold;', 'DROP VIEW IF EXISTS shop.sold;'), ['2 undo'])
})

t.test('what stands in a string is no comment', async (t) => {
  const up = `INSERT INTO shop.note (text) VALUES ('ä
-- @lint-off all-rows: few
');
DELETE FROM shop.size;`
  t.same(await found(up, 'SELECT 1;'), ['5 all-rows'])
})
