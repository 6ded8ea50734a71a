import { userInfo } from 'node:os'
import { inspect } from 'node:util'
import t from 'tap'
import { type ConnectOptions, defaults, resolveConfig } from '../src/config.js'
import { ConfigError } from '../src/errors.js'

const CANARY = 'canary-8d1f'
const VERIFY_FULL = { mode: 'verify-full', ca: null, certificate: null, key: null }

function refusal(options: ConnectOptions, environment: Record<string, string> = {}): ConfigError {
  try {
    resolveConfig(options, environment)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('expected a ConfigError')
}

t.test('resolveConfig', async (t) => {
  t.test('takes all parts from the URL and the rest from the defaults', async (t) => {
    const config = resolveConfig({ url: `postgres://ada:${CANARY}@db.example:6000/work?application_name=shop` }, {})
    const { password, ...target } = config.target as Extract<typeof config.target, { host: string }>
    t.same(target, { host: 'db.example', port: 6000, user: 'ada', database: 'work', tls: VERIFY_FULL })
    t.equal(password?.reveal(), CANARY)
    t.match(config, {
      pool: defaults.pool,
      commandTimeoutMs: defaults.commandTimeoutMs,
      applicationName: 'shop',
      migrate: false,
    })
  })

  t.test('prefers an option to the URL, the URL to a PG variable, and that to the default', async (t) => {
    const environment = { PGHOST: 'from-pghost', PGPORT: '7000', PGUSER: 'from-pguser', PGDATABASE: 'from-pgdatabase' }
    const { target } = resolveConfig({ url: 'postgres://from-url/', user: 'from-option' }, environment)
    t.match(target, { host: 'from-url', port: 7000, user: 'from-option', database: 'from-pgdatabase' })
  })

  t.test('reads the URL from DATABASE_URL, unless a URL or host is given as an option', async (t) => {
    const environment = { DATABASE_URL: `postgres://a:${CANARY}@from-env:1/b` }
    t.match(resolveConfig({}, environment).target, { host: 'from-env' })
    t.match(resolveConfig({ url: 'postgres://given/' }, environment).target, { host: 'given', password: null })
    t.match(resolveConfig({ host: 'given' }, environment).target, { host: 'given', port: 5432, password: null })
  })

  t.test('reads every setting from its environment variable', async (t) => {
    const config = resolveConfig(
      {},
      {
        PGHOST: 'localhost',
        PGPASSWORD: CANARY,
        PGSSLMODE: 'verify-full',
        PGAPPNAME: 'shop',
        ASHLAR_POOL_MAX: '7',
        ASHLAR_POOL_ACQUIRE_TIMEOUT_MS: '8',
        ASHLAR_POOL_CONNECT_TIMEOUT_MS: '9',
        ASHLAR_POOL_IDLE_TIMEOUT_MS: 'none',
        ASHLAR_COMMAND_TIMEOUT_MS: '10',
      },
    )
    t.match(config, {
      target: { host: 'localhost', tls: VERIFY_FULL },
      pool: { max: 7, acquireTimeoutMs: 8, connectTimeoutMs: 9, idleTimeoutMs: null },
      commandTimeoutMs: 10,
      applicationName: 'shop',
    })
    t.equal('host' in config.target && config.target.password?.reveal(), CANARY)
  })

  t.test('takes null for no limit, and not as "use the default"', async (t) => {
    const config = resolveConfig(
      { host: 'h', commandTimeoutMs: null, pool: { idleTimeoutMs: null } },
      { ASHLAR_COMMAND_TIMEOUT_MS: '10' },
    )
    t.match(config, { commandTimeoutMs: null, pool: { idleTimeoutMs: null } })
  })

  t.test('takes an empty variable as not set', async (t) => {
    t.match(resolveConfig({ host: 'h' }, { PGPORT: '' }).target, { port: 5432 })
  })

  t.test('takes the name of the user for user and database when nothing says otherwise', async (t) => {
    const { username } = userInfo()
    t.match(resolveConfig({ host: 'h' }, {}).target, { user: username, database: username })
  })

  t.test('prefers the option also for password and application name', async (t) => {
    const options = {
      url: 'postgres://a:from-url@h/?application_name=from-url',
      password: 'mine',
      applicationName: 'mine',
    }
    const { target, applicationName } = resolveConfig(options, { PGAPPNAME: 'from-env', PGPASSWORD: 'from-env' })
    t.equal('password' in target && target.password?.reveal(), 'mine')
    t.equal(applicationName, 'mine')
  })

  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1', '/run/postgresql']) {
    t.test(`needs no encryption to ${host}`, async (t) => {
      t.match(resolveConfig({ host }, {}).target, { tls: 'disable' })
    })
  }

  t.test('needs encryption with checked certificate to other hosts, unless told otherwise', async (t) => {
    for (const host of ['db.example', '127.evil.example', '10.0.0.1', '128.0.0.1']) {
      t.match(resolveConfig({ host }, {}).target, { tls: VERIFY_FULL }, host)
    }
    t.match(resolveConfig({ url: 'postgres://db.example/?sslmode=disable' }, {}).target, { tls: 'disable' })
  })

  t.test('keeps connections unless told `none`, whatever the sizes', async (t) => {
    t.match(resolveConfig({ host: 'h' }, {}).pool, { keepsConnections: true })
    t.match(resolveConfig({ host: 'h', pool: 'none' }, { ASHLAR_POOL_MAX: '3' }).pool, {
      keepsConnections: false,
      max: 3,
    })
    t.match(resolveConfig({ host: 'h', pool: { max: 3 } }, { ASHLAR_POOL: 'none' }).pool, {
      keepsConnections: false,
      max: 3,
    })
  })

  t.test('is not bothered by variables that it does not read', async (t) => {
    t.match(resolveConfig({ host: 'h' }, { POSTGRES_SERVER: 'other', POOL_SIZE: 'x' }).target, { host: 'h' })
  })

  t.test('knows an embedded server by its URL', async (t) => {
    t.same(resolveConfig({ url: 'embedded:./some folder' }, {}).target, { embeddedFolder: './some folder' })
  })

  t.test('is frozen', async (t) => {
    const config = resolveConfig({ host: 'h' }, {})
    t.ok([config, config.target, config.pool].every(Object.isFrozen))
  })

  t.test('shows the password in no form', async (t) => {
    const config = resolveConfig({ host: 'h', password: CANARY }, {})
    const forms = [
      inspect(config, { depth: Infinity, showHidden: true }),
      JSON.stringify(config),
      String('password' in config.target && config.target.password),
    ]
    t.notOk(forms.join().includes(CANARY))
  })
})

t.test('resolveConfig refuses', async (t) => {
  const cases: readonly [
    string,
    ConnectOptions,
    Record<string, string>,
    { field: string; value: string; limit: string },
  ][] = [
    [
      'a size out of range',
      { host: 'h', pool: { max: 0 } },
      {},
      { field: 'pool.max', value: '0', limit: 'an integer from 1 to 1000' },
    ],
    ['a fraction', { host: 'h', port: 1.5 }, {}, { field: 'port', value: '1.5', limit: 'an integer from 1 to 65535' }],
    [
      'a text for a number',
      { host: 'h', port: '5432' as never },
      {},
      { field: 'port', value: '"5432"', limit: 'an integer from 1 to 65535' },
    ],
    [
      'a variable that is no number',
      { host: 'h' },
      { PGPORT: 'x5' },
      { field: 'PGPORT', value: '"x5"', limit: 'an integer from 1 to 65535' },
    ],
    [
      '0 for no limit',
      { host: 'h', commandTimeoutMs: 0 },
      {},
      {
        field: 'commandTimeoutMs',
        value: '0',
        limit: 'an integer from 1 to 86400000, or null for no limit (`none` in the environment)',
      },
    ],
    [
      'a name too long for the server',
      { host: 'h', applicationName: 'é'.repeat(32) },
      {},
      { field: 'applicationName', value: JSON.stringify('é'.repeat(32)), limit: 'a text of 1 to 63 bytes' },
    ],
    [
      'a mode of TLS that it does not have',
      { url: 'postgres://h/?sslmode=prefer' },
      {},
      {
        field: 'url sslmode',
        value: '"prefer"',
        limit: 'verify-full, or require where the server cannot be checked: prefer falls back to plain text in silence',
      },
    ],
    [
      'the mode of TLS that tries plain text first',
      { host: 'h' },
      { PGSSLMODE: 'allow' },
      { field: 'PGSSLMODE', value: '"allow"', limit: /^verify-full, or require where .* in silence$/ as never },
    ],
    [
      'a mode of TLS that nobody has',
      { host: 'h', sslmode: 'on' as never },
      {},
      { field: 'sslmode', value: '"on"', limit: 'disable, require, verify-ca or verify-full' },
    ],
    [
      'a certificate together with an embedded server',
      { url: 'embedded:temp', sslrootcert: 'ca.pem' },
      {},
      { field: 'sslrootcert', value: 'given', limit: 'left out: an embedded server chooses its own' },
    ],
    [
      'a role name that the server would cut',
      { url: `postgres://${'é'.repeat(32)}@h/` },
      {},
      { field: 'url user', value: JSON.stringify('é'.repeat(32)), limit: 'a role name of 1 to 63 bytes, without NUL' },
    ],
    [
      'a database name with a NUL',
      { host: 'h', database: 'a\0b' },
      {},
      { field: 'database', value: '"a\\u0000b"', limit: 'a database name of 1 to 63 bytes, without NUL' },
    ],
    [
      'a password with a NUL in the URL',
      { url: `postgres://a:${CANARY}%00@h/` },
      {},
      { field: 'url password', value: '[hidden]', limit: 'a non-empty string without NUL' },
    ],
    [
      'a password with a NUL',
      { host: 'h', password: `${CANARY}\0` },
      {},
      { field: 'password', value: '[hidden]', limit: 'a non-empty string without NUL' },
    ],
    ...['a,b', '[::1]', 'a\0b'].map(
      (host): [string, ConnectOptions, Record<string, string>, Pick<ConfigError, 'field' | 'value' | 'limit'>] => [
        `the host ${JSON.stringify(host)}`,
        { host },
        {},
        {
          field: 'host',
          value: '[hidden]',
          limit: 'one host name, address (without brackets) or folder of a Unix socket',
        },
      ],
    ),
    [
      'several hosts as a parameter',
      { url: 'postgres:///d?host=a,b' },
      {},
      { field: 'url host', value: '[hidden]', limit: /^one host name/ as never },
    ],
    [
      'an unknown option',
      { host: 'h', hots: 'x' } as never,
      {},
      { field: 'option hots', value: 'unknown', limit: /^one of url, host/ as never },
    ],
    [
      'an unknown option of the pool',
      { host: 'h', pool: { maximum: 5 } } as never,
      {},
      { field: 'option pool.maximum', value: 'unknown', limit: /pool\.max,/ as never },
    ],
    [
      'an unknown variable',
      { host: 'h' },
      { ASHLAR_POOLMAX: '5' },
      { field: 'ASHLAR_POOLMAX', value: 'unknown', limit: /ASHLAR_POOL_MAX/ as never },
    ],
    [
      'an embedded server together with a host',
      { url: 'embedded:temp', host: 'h' },
      {},
      { field: 'host', value: 'given', limit: 'left out: an embedded server chooses its own' },
    ],
    [
      'to guess a server',
      {},
      {},
      {
        field: 'url',
        value: 'not given',
        limit:
          /^given as an option \(--url; `url` or `host` of connect\), in DATABASE_URL or in PGHOST; .*development$/ as never,
      },
    ],
    [
      'variables of another library, naming its own',
      {},
      {
        POSTGRES_SERVER: 'db.example',
        POSTGRES_PASSWORD: CANARY,
        POOL_SIZE: '5',
        POOL_OVERFLOW: '5',
        POOL_TIMEOUT: '30',
        POOL_RECYCLE: '60',
        POSTGRES_DB: '',
      },
      {
        field: 'url',
        value: 'not given',
        limit:
          /; not read: POSTGRES_SERVER \(write PGHOST\), POSTGRES_PASSWORD \(write PGPASSWORD\), POOL_SIZE \(write ASHLAR_POOL_MAX, POOL_OVERFLOW added\), POOL_OVERFLOW \(write ASHLAR_POOL_MAX, POOL_SIZE added\), POOL_TIMEOUT \(write ASHLAR_POOL_ACQUIRE_TIMEOUT_MS, in milliseconds\), POOL_RECYCLE \(write nothing: a connection that died is replaced\)$/ as never,
      },
    ],
    [
      'a pool that is neither none nor options',
      { host: 'h', pool: 'some' as never },
      {},
      { field: 'pool', value: '"some"', limit: '`none`, or as an option an object of pool options' },
    ],
    [
      'a way to pool that it does not have',
      { host: 'h' },
      { ASHLAR_POOL: 'NullPool' },
      { field: 'ASHLAR_POOL', value: '"NullPool"', limit: /^`none`/ as never },
    ],
  ]
  for (const [name, options, environment, fields] of cases) {
    t.test(name, async (t) => {
      const error = refusal(options, environment)
      t.match(error, { code: 'ASHLAR_CONFIG', ...fields })
      t.match(error.message, `${fields.field} is ${fields.value}, but must be `)
      t.notMatch(error.message, CANARY)
    })
  }

  t.test('an empty password without showing anything', async (t) => {
    t.match(refusal({ host: 'h', password: 5 as never }), { field: 'password', value: '[hidden]' })
  })
})

t.test('a process whose user has no name', async (t) => {
  const { resolveConfig: resolveNameless } = await t.mockImport<typeof import('../src/config.js')>('../src/config.js', {
    'node:os': {
      userInfo() {
        throw new Error('ENOENT')
      },
    },
  })
  t.test('must be told the role', async (t) => {
    t.match(resolveNameless({ host: 'h', user: 'ada' }, {}).target, { user: 'ada', database: 'ada' })
    t.throws(() => resolveNameless({ host: 'h' }, {}), {
      name: 'ConfigError',
      message: /^user is not given, but must be/,
    })
  })
})
