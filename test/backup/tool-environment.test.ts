import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import t from 'tap'
import { toolEnvironment, withPrivateFolder } from '../../src/backup/tool-environment.js'
import { resolveConfig } from '../../src/config.js'
import { createAuthority } from '../fixtures/certificates.js'
import { firstServer } from '../fixtures/first-server.js'
import { startTlsServer } from '../fixtures/tls-server.js'

const authority = createAuthority('ashlar test authority')
const client = authority.issue({ commonName: 'ashlar' })
const naming = { connectTimeoutMs: 1_500, applicationName: 'ashlar backup' }

t.test('toolEnvironment', async (t) => {
  t.test('names the server, and leaves out what this process has of another', async (t) => {
    process.env.PGSERVICE = 'other'
    process.env.ASHLAR_TEST_SECRET = 'canary'
    t.teardown(() => {
      delete process.env.PGSERVICE
      delete process.env.ASHLAR_TEST_SECRET
    })
    const server = firstServer(resolveConfig({ url: 'postgres://u:p%40ss@127.0.0.1:5433/host=x' }, {}))
    const environment = await withPrivateFolder((folder) => toolEnvironment(server, { ...naming, folder }))
    t.match(environment, {
      PGHOST: '127.0.0.1',
      PGPORT: '5433',
      PGUSER: 'u',
      PGPASSWORD: 'p@ss',
      PGDATABASE: 'host=x',
      PGSSLMODE: 'disable',
      PGCONNECT_TIMEOUT: '2',
    })
    t.notOk('PGSERVICE' in environment)
    t.notOk('ASHLAR_TEST_SECRET' in environment)
  })

  t.test('gives certificates and key as files of this user alone, and for no longer than the work', async (t) => {
    const options = { sslrootcert: authority.certificate, sslcert: client.certificate, sslkey: client.key }
    const server = firstServer(resolveConfig({ host: 'h', password: 'x', ...options }, {}))
    const key = await withPrivateFolder(async (folder) => {
      const environment = await toolEnvironment(server, { ...naming, folder })
      t.equal(environment.PGSSLMODE, 'verify-full')
      t.match(readFileSync(environment.PGSSLROOTCERT ?? '', 'utf8'), 'BEGIN CERTIFICATE')
      t.equal(readFileSync(environment.PGSSLKEY ?? '', 'utf8'), client.key)
      t.equal(statSync(environment.PGSSLKEY ?? '').mode & 0o777, 0o600)
      return environment.PGSSLKEY ?? ''
    })
    t.notOk(existsSync(key))
  })

  t.test("gives Node's authorities where none is named, and none where nothing is checked", async (t) => {
    await withPrivateFolder(async (folder) => {
      const checked = firstServer(resolveConfig({ host: 'h', password: 'x' }, {}))
      const { PGSSLROOTCERT = '' } = await toolEnvironment(checked, { ...naming, folder })
      t.ok(readFileSync(PGSSLROOTCERT, 'utf8').length > 10_000)
      const unchecked = firstServer(resolveConfig({ host: 'h', password: 'x', sslmode: 'require' }, {}))
      const environment = await toolEnvironment(unchecked, { ...naming, folder })
      t.notOk(existsSync(environment.PGSSLROOTCERT ?? ''))
    })
  })

  t.test('lets libpq check the server as ashlar does', async (t) => {
    const root = '/usr/lib/postgresql'
    const version = existsSync(root) ? readdirSync(root).at(-1) : undefined
    const psql = `${root}/${version}/bin/psql`
    if (!existsSync(psql)) {
      t.comment("skipped: PostgreSQL's own packages are not installed")
      return
    }
    const access = await startTlsServer(t, authority.certificate, { only_tls: 'hostssl scram-sha-256' })
    await access.present(authority.issue({ commonName: 'localhost', names: ['localhost'] }))
    const ask = (host: string, sslrootcert: string) =>
      withPrivateFolder(async (folder) => {
        const { port, user, password } = access
        const config = resolveConfig(
          { host, port, user, password, database: 'only_tls', sslmode: 'verify-full', sslrootcert },
          {},
        )
        const env = await toolEnvironment(firstServer(config), { ...naming, folder })
        return spawnSync(psql, ['-XAtw', '-c', 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'], {
          env,
          encoding: 'utf8',
        })
      })
    t.equal((await ask('localhost', authority.certificate)).stdout, 't\n')
    t.match((await ask('127.0.0.1', authority.certificate)).stderr, /does not match host name/)
    t.match((await ask('localhost', createAuthority('another').certificate)).stderr, /certificate verify failed/)
  })
})
