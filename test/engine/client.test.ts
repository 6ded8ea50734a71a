import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { ServerTarget } from '../../src/config.js'
import { closeClient, openClient } from '../../src/engine/client.js'
import { openLoneSession } from '../../src/engine/lone-session.js'
import { Secret } from '../../src/secret.js'
import { createTestDatabase } from '../fixtures/database.js'
import { setVariable } from '../fixtures/environment.js'
import { startSloth } from '../fixtures/sloth.js'
import { target, withAdmin } from '../fixtures/template.js'
import { until } from '../fixtures/until.js'

const access = await createTestDatabase(t)
const server: ServerTarget = target(access, access.database)
const limits = { connectTimeoutMs: 5_000, commandTimeoutMs: null, applicationName: 'lone' }

/** Counts the sessions on the test's database. */
async function sessions(): Promise<number> {
  const { rows } = await withAdmin(access, (admin) =>
    admin.query('SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = $1', [access.database]),
  )
  return rows[0].count
}

t.test('the password of a login', async (t) => {
  /** Logs in once; gives the names of the warnings that came with it. */
  async function logIn(password: Secret | null): Promise<readonly string[]> {
    const warnings: string[] = []
    const note = ({ name }: Error): number => warnings.push(name)
    process.on('warning', note)
    try {
      await closeClient(await openClient({ ...server, password }, limits))
      await new Promise((resolve) => setImmediate(resolve))
      return warnings
    } finally {
      process.off('warning', note)
    }
  }

  for (const [name, missing] of [['missing', null] as const, ['empty', new Secret('')] as const]) {
    t.test(`that is ${name} is not taken from PGPASSWORD`, async (t) => {
      setVariable(t, 'PGPASSWORD', access.password)
      setVariable(t, 'PGPASSFILE', join(t.testdir({}), 'none'))
      await t.rejects(logIn(missing), {
        name: 'ConnectionError',
        message:
          'connect: the server asks for a password, and none was given (url, password, PGPASSWORD or a password file)',
      })
    })

    t.test(`that is ${name} is taken from the password file, without a warning`, async (t) => {
      const path = join(
        t.testdir({ pgpass: `127.0.0.1:${access.port}:*:${access.user}:${access.password}\n` }),
        'pgpass',
      )
      chmodSync(path, 0o600)
      setVariable(t, 'PGPASSWORD', 'of another login')
      setVariable(t, 'PGPASSFILE', path)
      t.same(await logIn(missing), [])
    })
  }

  t.test('is not looked for in a file when it was given', async (t) => {
    const path = join(t.testdir({ pgpass: '*:*:*:*:another\n' }), 'pgpass')
    chmodSync(path, 0o600)
    setVariable(t, 'PGPASSFILE', path)
    t.same(await logIn(server.password), [])
  })
})

t.test('a lone session', async (t) => {
  t.test('whose server ends it while it is idle does not end the process', async (t) => {
    const session = await openLoneSession(server, limits)
    t.teardown(() => session.close())
    const [row] = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    await withAdmin(access, (admin) => admin.query('SELECT pg_terminate_backend($1)', [row?.pid]))
    await until(async () => (await sessions()) === 0)
    await t.rejects(session.query('SELECT 1'), { name: 'ConnectionError' })
  })

  t.test('is closed on the server too when close resolves', async (t) => {
    const session = await openLoneSession(server, limits)
    t.equal(await sessions(), 1)
    await session.close()
    t.equal(await sessions(), 0)
  })

  t.test('is given up when the other end never closes, and leaves no socket', async (t) => {
    const port = await startSloth(t, access.port)
    const client = await openClient({ ...server, port }, limits)
    const { connection } = client as unknown as { readonly connection: { readonly stream: { destroyed: boolean } } }
    t.equal(connection.stream.destroyed, false)
    await closeClient(client)
    t.equal(connection.stream.destroyed, true)
    await until(async () => (await sessions()) === 0)
  })

  t.test('that cannot log in leaves no socket', async (t) => {
    const before = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    await t.rejects(openClient({ ...server, password: new Secret('wrong') }, limits), { name: 'ConnectionError' })
    const open = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    await until(() => open() === before)
  })
})
