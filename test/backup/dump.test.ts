/** Backup and restore of a server. They need PostgreSQL's client programs and a server that is not later than these: the operating
 *  system's own where they are installed; the tests pass without them. */

import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import t from 'tap'
import { backup, restore } from '../../src/backup/backup.js'
import { connect } from '../../src/database.js'
import { BackupError } from '../../src/errors.js'
import { createTestDatabase } from '../fixtures/database.js'
import { startDebianServer } from '../fixtures/debian-server.js'
import { checksums, fill } from './fixtures/rows-of-all-kinds.js'

const ROWS = 60

t.test('a backup of a server', async (t) => {
  const server = await startDebianServer(t)
  if (server === null) {
    t.comment("skipped: PostgreSQL's own packages are not installed")
    return
  }
  const binFolder = `/usr/lib/postgresql/${server.version}/bin`
  const folder = t.testdir({})
  const file = join(folder, 'whole.dump')
  const urlOf = (database: string, user = 'ashlar'): string => `postgres://${user}@127.0.0.1:${server.port}/${database}`
  const using = async <T>(database: string, work: (client: Client) => Promise<T>, user?: string): Promise<T> => {
    const client = new Client({ connectionString: urlOf(database, user) })
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }
  const create = async (database: string, rest = ''): Promise<string> => {
    await using('postgres', (client) => client.query(`CREATE DATABASE ${database} ${rest}`))
    return urlOf(database)
  }
  const source = await create('source')
  await (await connect({ url: source, migrate: true, pool: { min: 0 } })).close()
  await using('source', (client) => fill(client, ROWS))
  const sums = await using('source', checksums)
  const made = await backup(file, { url: source, binFolder })

  t.test('tells what is in it, and leaves nothing beside it', async (t) => {
    t.match(made, { file, kind: 'dump', bytes: statSync(file).size, postgresVersion: /^\d+\.\d+$/ })
    t.ok(made.tables > 13)
    t.ok((made.rows ?? 0) > 6 * ROWS)
    t.equal(statSync(file).mode & 0o777, 0o600)
    t.same(readdirSync(folder), ['whole.dump'])
  })

  t.test('yields the same rows of every kind, and a database that works', async (t) => {
    const url = await create('copy')
    const result = await restore(file, { url, binFolder })
    t.match(result, { rows: made.rows, tables: made.tables, dropped: [], migrations: { pending: [], missing: [] } })
    t.same(await using('copy', checksums), sums)
    const db = await connect({ url, pool: { min: 0 } })
    t.teardown(() => db.close())
    // Triggers, partitions and sequences go on.
    const { projectContextId } = await db.projectContexts.create({ owner: 'o', name: 'after' })
    await db.services.create({ name: 'after' })
    t.same((await db.changes.list({ limit: 1 })).items.length, 1)
    t.equal((await db.projectContexts.get(projectContextId)).name, 'after')
    const inserted = await using('copy', (client) =>
      client.query(`INSERT INTO "Own ""App"."Odd.Name (x)" (amount) VALUES (1) RETURNING id, number`),
    )
    t.same(inserted.rows, [{ id: ROWS + 1, number: ROWS + 1 }])
  })

  t.test('is refused, before anything is asked of a server, when it is cut or changed', async (t) => {
    const whole = readFileSync(file)
    const damaged = join(folder, 'damaged.dump')
    for (let part = 1; part < 20; part += 1) {
      const at = Math.floor((whole.length * part) / 20)
      writeFileSync(damaged, whole.subarray(0, at))
      await t.rejects(restore(damaged, { url: 'postgres://127.0.0.1:1/none' }), {
        code: 'ASHLAR_BACKUP',
        what: 'damaged',
      })
      const flipped = Buffer.from(whole)
      flipped[at] = (flipped[at] ?? 0) ^ 4
      writeFileSync(damaged, flipped)
      await t.rejects(restore(damaged, { url: 'postgres://127.0.0.1:1/none' }), {
        code: 'ASHLAR_BACKUP',
        what: 'damaged',
      })
    }
  })

  t.test('is not restored into a database that holds anything, unless told to drop it', async (t) => {
    const url = await create('held')
    await using('held', (client) =>
      client.query(`CREATE TABLE public."my.table" (id int GENERATED ALWAYS AS IDENTITY, number serial);
CREATE TYPE public.colour AS ENUM ('red'); CREATE FUNCTION public.f(public.colour) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE SCHEMA other; CREATE EXTENSION pg_trgm SCHEMA other`),
    )
    await t.rejects(restore(file, { url, binFolder }), {
      code: 'ASHLAR_BACKUP',
      what: 'not-empty',
      message:
        /holds schema other, table public\."my\.table", function public\.f\(public\.colour\), type public\.colour: .*--replace/,
    })
    const { dropped } = await restore(file, { url, binFolder, replace: true })
    t.same(dropped, [
      'schema other',
      'table public."my.table"',
      'function public.f(public.colour)',
      'type public.colour',
    ])
    t.same(await using('held', checksums), sums)
    // Once more, over itself.
    await restore(file, { url, binFolder, replace: true })
    t.same(await using('held', checksums), sums)
  })

  t.test('leaves the database as it was when the server refuses it', async (t) => {
    await using('postgres', (client) => client.query('CREATE ROLE stranger LOGIN'))
    await create('theirs')
    await using('theirs', (client) => client.query('CREATE SCHEMA app; CREATE TABLE app.row AS SELECT 1 AS id'))
    const work = restore(file, { url: urlOf('theirs', 'stranger'), binFolder, replace: true })
    await t.rejects(work, {
      code: 'ASHLAR_BACKUP',
      what: 'refused',
      message: /SQLSTATE 42501.*the database is as it was/,
    })
    const { rows } = await using('theirs', (client) => client.query('SELECT id FROM app.row'))
    t.same(rows, [{ id: 1 }])
    const refused = backup(join(folder, 'theirs.dump'), { url: urlOf('theirs', 'stranger'), binFolder })
    await t.rejects(refused, {
      code: 'ASHLAR_BACKUP',
      what: 'refused',
      message: /permission denied for .*the role that owns/,
    })
    t.notOk(existsSync(join(folder, 'theirs.dump')))
  })

  t.test('leaves the database as it was when rows are missing at the end', async (t) => {
    const url = await create('eaten')
    await using('eaten', (client) =>
      client.query(`CREATE SCHEMA keep;
CREATE FUNCTION keep.eat() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$BEGIN
  IF EXISTS (SELECT FROM pg_class WHERE relname = 'Odd.Name (x)_pkey') THEN DELETE FROM "Own ""App"."Odd.Name (x)" WHERE id = 1; END IF;
END$$;
CREATE EVENT TRIGGER eat ON ddl_command_end EXECUTE FUNCTION keep.eat();
CREATE EXTENSION hstore SCHEMA public; ALTER EXTENSION hstore ADD SCHEMA keep`),
    )
    t.teardown(() => using('eaten', (client) => client.query('DROP EVENT TRIGGER eat')))
    const work = restore(file, { url, binFolder })
    await t.rejects(work, {
      code: 'ASHLAR_BACKUP',
      what: 'incomplete',
      message: /"Own ""App"\."Odd\.Name \(x\)" did not get as many rows/,
    })
    const { rows } = await using('eaten', (client) => client.query("SELECT to_regnamespace('agent') AS agent"))
    t.same(rows, [{ agent: null }])
  })

  t.test("belongs to the database's owner, whoever restores it", async (t) => {
    await using('postgres', (client) => client.query('CREATE ROLE application LOGIN'))
    // As `ashlar init` leaves it: owned and migrated by the application's role.
    const admins = await create('by_admin', 'OWNER application')
    await (await connect({ url: urlOf('by_admin', 'application'), migrate: true, pool: { min: 0 } })).close()
    await restore(file, { url: admins, binFolder, replace: true })
    await create('by_itself', 'OWNER application')
    await restore(file, { url: urlOf('by_itself', 'application'), binFolder })
    for (const database of ['by_admin', 'by_itself']) {
      const db = await connect({ url: urlOf(database, 'application'), pool: { min: 0 }, migrate: true })
      await db.services.create({ name: 'after' })
      await db.close()
      t.same((await using(database, checksums))['agent.template'], sums['agent.template'])
    }
    // As the application's role does it again, over what it owns.
    await restore(file, { url: urlOf('by_admin', 'application'), binFolder, replace: true })
    t.same(await using('by_admin', checksums), sums)
  })
})

t.test('backup', async (t) => {
  const access = await createTestDatabase(t)
  const { host, port, user, password, database } = access
  const url = `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`

  t.test('names what to install when pg_dump is missing', async (t) => {
    const folder = t.testdir({})
    const file = join(folder, 'x.dump')
    const work = backup(file, { url, binFolder: folder })
    await t.rejects(work, {
      code: 'ASHLAR_BACKUP',
      what: 'tool-missing',
      message: /pg_dump was not found in .*apt-get install/,
    })
    t.same(readdirSync(folder), [])
  })

  t.test('refuses a server that is later than pg_dump, and names both', async (t) => {
    const root = '/usr/lib/postgresql'
    const version = existsSync(root) ? readdirSync(root).find((name) => Number(name) < 18) : undefined
    if (version === undefined || !existsSync(`${root}/${version}/bin/pg_dump`)) {
      t.comment('skipped: no earlier pg_dump is installed')
      return
    }
    const folder = t.testdir({})
    const error = await backup(join(folder, 'x'), { url, binFolder: `${root}/${version}/bin` }).catch(
      (failure) => failure,
    )
    t.ok(error instanceof BackupError)
    t.match(error, {
      what: 'version',
      message: new RegExp(`pg_dump ${version}\\.\\d+ .*PostgreSQL 18\\.\\d+: install .* 18`),
    })
    t.notOk(error.message.includes(password))
    t.same(readdirSync(folder), [])
  })
})
