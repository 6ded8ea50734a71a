import { inspect } from 'node:util'
import t from 'tap'
import { connect } from '../src/database.js'
import { createTestDatabase } from './fixtures/database.js'

t.test('connect', async (t) => {
  t.test('takes a URL alone', async (t) => {
    const { user, password, port, database } = await createTestDatabase(t)
    const db = await connect(`postgres://${user}:${password}@127.0.0.1:${port}/${database}`)
    t.same(db.server, { host: '127.0.0.1', port, user, database })
    await db.close()
  })

  t.test('starts an embedded server, migrates it, and stops it at close', async (t) => {
    const db = await connect({ url: 'embedded:temp', migrate: true })
    t.equal(await db.projectContexts.count(), 0)
    const { port } = db.server
    await db.close()
    await t.rejects(connect({ host: '127.0.0.1', port, user: 'ashlar' }), { message: /ECONNREFUSED/ })
  })

  t.test('leaves no embedded server behind when it fails', async (t) => {
    const url = `embedded:${t.testdir({})}/data`
    const first = await connect(url)
    const { port } = first.server
    await first.query('CREATE SCHEMA core')
    await first.close()
    await t.rejects(connect({ url, migrate: true }), { name: 'MigrationError', file: '0001_core.sql' })
    await t.rejects(connect({ host: '127.0.0.1', port, user: 'ashlar' }), { message: /ECONNREFUSED/ })
  })

  t.test('says why an embedded server cannot be started', async (t) => {
    const folder = t.testdir({ file: 'not a folder' })
    await t.rejects(connect(`embedded:${folder}/file`), { name: 'EmbeddedServerError', code: 'ASHLAR_EMBEDDED_SERVER' })
  })

  t.test('says how to migrate when a table is missing', async (t) => {
    const db = await connect(await createTestDatabase(t, null))
    t.teardown(() => db.close())
    await t.rejects(db.projectContexts.count(), {
      name: 'UndefinedObjectError',
      message:
        'countProjectContexts: relation "agent.project_context" does not exist (are all migrations applied? `ashlar migrate status` tells)',
    })
  })

  t.test('is closed by `await using`', async (t) => {
    const access = await createTestDatabase(t)
    const db = await connect(access)
    await db[Symbol.asyncDispose]()
    await t.rejects(db.query('SELECT 1'), { name: 'PoolClosedError' })
  })

  t.test('shows its password in no form, after use', async (t) => {
    const db = await connect(await createTestDatabase(t))
    t.teardown(() => db.close())
    await db.projectContexts.count()
    const { password } = await createTestDatabase(t)
    const forms = [
      inspect(db, { depth: Infinity, showHidden: true }),
      JSON.stringify(db),
      inspect(await db.health(), { depth: Infinity }),
    ]
    t.notOk(forms.join().includes(password))
  })
})
