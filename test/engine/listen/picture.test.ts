/** Who reads anew at each gap, and the rows that each message names, has what the table has. */

import t from 'tap'
import { connect } from '../../../src/database.js'
import { defineChannel } from '../../../src/index.js'
import { createTestDatabase } from '../../fixtures/database.js'
import { startFaultProxy } from '../../fixtures/fault-proxy.js'
import { until } from '../../fixtures/until.js'

// It takes its time on a busy machine.
t.setTimeout(120_000)
const CHANGES = 1_000
const CUT_AT = [150, 300, 450, 650, 850]
const PROGRAM = `CREATE TABLE item (id int4 PRIMARY KEY, value int4 NOT NULL);
CREATE FUNCTION announce() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('item', (SELECT json_agg(id)::text FROM changed));
  RETURN NULL;
END $$;
CREATE TRIGGER item_insert AFTER INSERT ON item REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION announce();
CREATE TRIGGER item_update AFTER UPDATE ON item REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION announce();
CREATE TRIGGER item_delete AFTER DELETE ON item REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION announce()`

const items = defineChannel<number[]>({ name: 'item', parse })

/** A statement that changes no row has its triggers, too: they tell nothing. */
function parse(text: string): number[] {
  return text === '' ? [] : JSON.parse(text)
}

interface Item {
  readonly id: number
  readonly value: number
}

t.test('the picture of a listener that is cut off five times is the table', async (t) => {
  const access = await createTestDatabase(t, null)
  const proxy = await startFaultProxy(access)
  const writer = await connect({ ...access, pool: { min: 0, max: 2 } })
  const reader = await connect({ ...access, port: proxy.port, pool: { min: 0, max: 3, watchdogMs: 400 } })
  t.teardown(async () => {
    await Promise.all([writer.close(), reader.close()])
    await proxy.close()
  })
  for (const statement of PROGRAM.split(/;\n(?=CREATE)/)) await writer.query(statement)
  const all = (db: typeof writer) => db.query<Item>('SELECT id, value FROM item ORDER BY id')

  const picture = new Map<number, number>()
  let isBehind = false
  const noted = new Set<number>()
  let messages = 0
  let gaps = 0
  // Over the writer's connections: what is cut is what is listened over.
  const readAll = async (): Promise<void> => {
    noted.clear()
    const rows = await all(writer)
    picture.clear()
    for (const { id, value } of rows) picture.set(id, value)
  }
  const listener = await reader.listen(items, {
    async onMessage(ids) {
      messages += 1
      for (const id of ids) noted.add(id)
      isBehind = noted.size > 0
      if (listener.queued > 0) return
      const asked = [...noted]
      noted.clear()
      const rows = await writer.query<Item>('SELECT id, value FROM item WHERE id = ANY ($1::int4[])', [asked])
      for (const id of asked) picture.delete(id)
      for (const { id, value } of rows) picture.set(id, value)
      isBehind = false
    },
    async onGap() {
      gaps += 1
      await readAll()
      isBehind = false
    },
    onError: (error) => t.fail(String(error)),
  })
  await readAll()

  for (let change = 1; change <= CHANGES; change += 1) {
    const id = Math.floor(Math.random() * 200)
    if (change % 3 === 0) await writer.query('DELETE FROM item WHERE id = $1', [id])
    else
      await writer.query('INSERT INTO item VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET value = excluded.value', [
        id,
        change,
      ])
    const cut = CUT_AT.indexOf(change)
    if (cut === -1) continue
    await until(() => (reader.stats().events['listen-restored'] ?? 0) === cut)
    if (cut % 2 === 0) proxy.drop()
    else proxy.blackHole()
  }
  await until(() => reader.stats().events['listen-restored'] === CUT_AT.length)
  await until(() => listener.queued === 0 && !isBehind)
  const same = async (): Promise<boolean> =>
    JSON.stringify(await all(writer)) ===
    JSON.stringify([...picture].map(([id, value]) => ({ id, value })).toSorted((one, other) => one.id - other.id))
  await until(same)
  t.ok(gaps >= 1 && gaps <= CUT_AT.length, `${gaps} gaps`)
  t.ok(messages < CHANGES, 'some were missed')
  t.comment(`${messages} messages of ${CHANGES}, ${gaps} gaps`)
})
