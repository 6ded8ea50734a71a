import t from 'tap'
import { tablesOf } from '../../src/generate/tables.js'
import { tools } from './fixtures/queries.js'

/** The search path finds the tables of the shop. */
const qualify = (name: string, schema: string | null): string => `${schema ?? 'shop'}.${name}`

const cases: Readonly<Record<string, readonly [read: string, written: string]>> = {
  'SELECT 1': ['', ''],
  'TABLE item': ['shop.item', ''],
  'SELECT id FROM b.two JOIN a.one USING (id), LATERAL (SELECT 1 FROM c.three) AS x': ['a.one b.two c.three', ''],
  'SELECT (SELECT max(id) FROM a.one) WHERE EXISTS (SELECT FROM b.two) ORDER BY (SELECT 1 FROM c.three)': [
    'a.one b.two c.three',
    '',
  ],
  'SELECT 1 FROM a.one UNION SELECT 2 FROM b.two': ['a.one b.two', ''],
  'SELECT 1 FROM a.one AS x FOR UPDATE OF x': ['a.one', ''],
  'SELECT 1 FROM generate_series(1, 2)': ['', ''],
  'SELECT 1 FROM a.one TABLESAMPLE SYSTEM ((SELECT max(id) FROM b.two))': ['a.one b.two', ''],
  'SELECT 1 AS n INTO a.one': ['', 'a.one'],
  'INSERT INTO a.one SELECT id FROM b.two ON CONFLICT (id) DO UPDATE SET id = excluded.id': ['b.two', 'a.one'],
  'UPDATE a.one SET id = 1 WHERE id = 2': ['', 'a.one'],
  'UPDATE a.one AS x SET id = y.id FROM a.one AS y, b.two': ['a.one b.two', 'a.one'],
  'DELETE FROM a.one USING b.two WHERE a.one.id = b.two.id': ['b.two', 'a.one'],
  'MERGE INTO a.one AS x USING b.two AS y ON x.id = y.id WHEN MATCHED THEN DELETE': ['b.two', 'a.one'],
  'TRUNCATE a.one, item': ['', 'a.one shop.item'],
  'COPY a.one FROM STDIN': ['', 'a.one'],
  'COPY a.one TO STDOUT': ['a.one', ''],
  'COPY (SELECT 1 FROM a.one) TO STDOUT': ['a.one', ''],
  'WITH x AS (SELECT 1 FROM a.one) SELECT * FROM x': ['a.one', ''],
  'WITH item AS (SELECT 1 FROM item) SELECT * FROM item': ['shop.item', ''],
  'WITH item AS (SELECT 1) SELECT * FROM shop.item': ['shop.item', ''],
  'WITH RECURSIVE up AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM up) SELECT n FROM up': ['', ''],
  'WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT x FROM b, c': ['shop.c', ''],
  'SELECT (WITH a AS (SELECT 1 AS x) SELECT x FROM a) FROM a': ['shop.a', ''],
  'WITH gone AS (DELETE FROM a.one RETURNING id) INSERT INTO b.two SELECT id FROM gone': ['', 'a.one b.two'],
  'WITH gone AS (SELECT 1) DELETE FROM gone': ['', 'shop.gone'],
}

t.test('tablesOf', async (t) => {
  for (const [text, [read, written]] of Object.entries(cases)) {
    t.test(`of ${text}`, async (t) => {
      const tables = tablesOf(await tools.serverParser.parse(text), qualify)
      t.same([tables.read.join(' '), tables.written.join(' ')], [read, written])
    })
  }
})
