import { userInfo } from 'node:os'
import { inspect } from 'node:util'
import t from 'tap'
import { type ConnectOptions, defaults, resolveConfig, type ServersTarget, type ServerTarget } from '../src/config.js'
import { ConfigError } from '../src/errors.js'
import type { PoolOptions } from '../src/pool-options.js'
import { firstServer } from './fixtures/first-server.js'

const CANARY = 'canary-8d1f'
/** Options of the pool that are numbers, with their ends. */
const poolRanges = [
  ['min', 0, 1_000],
  ['max', 1, 1_000],
  ['maxUses', 1, 1_000_000_000],
  ['maxLifetimeMs', 1_000, 604_800_000],
  ['acquireTimeoutMs', 1, 600_000],
  ['connectTimeoutMs', 1, 600_000],
  ['idleTimeoutMs', 1, 86_400_000],
  ['pingAfterIdleMs', 1, 86_400_000],
  ['watchdogMs', 100, 600_000],
  ['maxWaiting', 0, 1_000_000],
  ['leakThresholdMs', 1, 86_400_000],
  ['closeTimeoutMs', 1, 600_000],
  ['lanes', 1, 64],
  ['laneDepth', 1, 1_024],
  ['laneBytes', 1_024, 1_073_741_824],
] as const
const PORT = 'an integer from 1 to 65535, or a list of them with commas, as long as that of the hosts'
const VERIFY_FULL = { mode: 'verify-full', ca: null, certificate: null, key: null }

/** What is refused: its name, options, environment, and the error's fields. */
type Refused = [string, ConnectOptions, Record<string, string>, Pick<ConfigError, 'field' | 'value' | 'limit'>]

function serverOf(options: ConnectOptions, environment: Record<string, string> = {}): ServerTarget {
  return firstServer(resolveConfig(options, environment))
}

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
    const { password, ...server } = firstServer(config)
    t.same(server, { host: 'db.example', port: 6000, user: 'ada', database: 'work', tls: VERIFY_FULL })
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
    const server = serverOf({ url: 'postgres://from-url/', user: 'from-option' }, environment)
    t.match(server, { host: 'from-url', port: 7000, user: 'from-option', database: 'from-pgdatabase' })
  })

  t.test('reads the URL from DATABASE_URL, unless a URL or host is given as an option', async (t) => {
    const environment = { DATABASE_URL: `postgres://a:${CANARY}@from-env:1/b` }
    t.match(serverOf({}, environment), { host: 'from-env' })
    t.match(serverOf({ url: 'postgres://given/' }, environment), { host: 'given', password: null })
    t.match(serverOf({ host: 'given' }, environment), { host: 'given', port: 5432, password: null })
  })

  t.test('takes several hosts, each with its own port and its own encryption', async (t) => {
    const hosts = (options: ConnectOptions, environment: Record<string, string> = {}) => {
      const { servers } = resolveConfig(options, environment).target as ServersTarget
      return servers.map(({ host, port }) => `${host} ${port}`)
    }
    t.same(hosts({ url: 'postgres://a:1,b,[::1]:3/d' }), ['a 1', 'b 5432', '::1 3'])
    t.same(hosts({ url: 'postgres://a,b/d' }, { PGPORT: '7' }), ['a 7', 'b 7'])
    t.same(hosts({ url: 'postgres://a:1,b/d' }, { PGPORT: '7' }), ['a 1', 'b 5432'])
    t.same(hosts({ host: 'a,b', port: 6 }), ['a 6', 'b 6'])
    t.same(hosts({ host: 'a,b', port: '6,7' }), ['a 6', 'b 7'])
    t.same(hosts({}, { PGHOST: 'a,b,c', PGPORT: '6,,8' }), ['a 6', 'b 5432', 'c 8'])
    t.same(hosts({ url: 'postgres:///d?host=/run/a,/run/b&port=1,2' }), ['/run/a 1', '/run/b 2'])
    const { servers } = resolveConfig({ host: 'localhost,db.example', user: 'u', password: CANARY }, {})
      .target as ServersTarget
    t.match(servers, [
      { tls: 'disable', user: 'u', database: 'u' },
      { tls: VERIFY_FULL, user: 'u', database: 'u' },
    ])
    t.ok(servers.every(({ password }) => password?.reveal() === CANARY))
  })

  t.test('wants one that takes writes of several hosts, and anything of one, unless told otherwise', async (t) => {
    const attrs = (options: ConnectOptions, environment: Record<string, string> = {}) =>
      (resolveConfig(options, environment).target as ServersTarget).targetSessionAttrs
    t.equal(attrs({ host: 'a' }), 'any')
    t.equal(attrs({ host: 'a,b' }), 'read-write')
    t.equal(attrs({ host: 'a,b' }, { PGTARGETSESSIONATTRS: 'any' }), 'any')
    t.equal(attrs({ url: 'postgres://a/?target_session_attrs=standby' }, { PGTARGETSESSIONATTRS: 'any' }), 'standby')
    const url = 'postgres://a/?target_session_attrs=standby'
    t.equal(attrs({ url, targetSessionAttrs: 'primary' }), 'primary')
  })

  t.test('reads every setting from its environment variable', async (t) => {
    const config = resolveConfig(
      {},
      {
        PGHOST: 'localhost',
        PGPASSWORD: CANARY,
        PGSSLMODE: 'verify-full',
        PGAPPNAME: 'shop',
        PGTARGETSESSIONATTRS: 'prefer-standby',
        ASHLAR_POOL_MIN: '6',
        ASHLAR_POOL_MAX: '7',
        ASHLAR_POOL_MAX_USES: '11',
        ASHLAR_POOL_MAX_LIFETIME_MS: '1200',
        ASHLAR_POOL_ACQUIRE_TIMEOUT_MS: '8',
        ASHLAR_POOL_CONNECT_TIMEOUT_MS: '9',
        ASHLAR_POOL_IDLE_TIMEOUT_MS: 'none',
        ASHLAR_POOL_PING_AFTER_IDLE_MS: '13',
        ASHLAR_POOL_WATCHDOG_MS: '130',
        ASHLAR_POOL_MAX_WAITING: '14',
        ASHLAR_POOL_LEAK_THRESHOLD_MS: '15',
        ASHLAR_POOL_CLOSE_TIMEOUT_MS: '16',
        ASHLAR_POOL_LANES: '17',
        ASHLAR_POOL_LANE_DEPTH: '18',
        ASHLAR_POOL_LANE_BYTES: '1900',
        ASHLAR_PREPARED_STATEMENTS: 'false',
        ASHLAR_MAX_PREPARED_STATEMENTS: '20',
        ASHLAR_COALESCE: 'true',
        ASHLAR_OPERATION_RETENTION_MS: '60000',
        ASHLAR_COMMAND_TIMEOUT_MS: '10',
        ASHLAR_LOG_LEVEL: 'info',
      },
    )
    t.match(config, {
      target: { servers: [{ host: 'localhost', tls: VERIFY_FULL }], targetSessionAttrs: 'prefer-standby' },
      pool: {
        min: 6,
        max: 7,
        maxUses: 11,
        maxLifetimeMs: 1_200,
        acquireTimeoutMs: 8,
        connectTimeoutMs: 9,
        idleTimeoutMs: null,
        pingAfterIdleMs: 13,
        watchdogMs: 130,
        maxWaiting: 14,
        leakThresholdMs: 15,
        closeTimeoutMs: 16,
        lanes: 17,
        laneDepth: 18,
        laneBytes: 1_900,
      },
      preparedStatements: false,
      maxPreparedStatements: 20,
      coalesce: true,
      operationRetentionMs: 60_000,
      commandTimeoutMs: 10,
      applicationName: 'shop',
      logLevel: 'info',
    })
    t.equal(firstServer(config).password?.reveal(), CANARY)
  })

  t.test('takes null for no limit, and not as "use the default"', async (t) => {
    const config = resolveConfig(
      { host: 'h', commandTimeoutMs: null, pool: { idleTimeoutMs: null } },
      { ASHLAR_COMMAND_TIMEOUT_MS: '10' },
    )
    t.match(config, { commandTimeoutMs: null, pool: { idleTimeoutMs: null } })
  })

  t.test('takes null for every limit of the pool that can be left off, and `none` in a variable alike', async (t) => {
    const off = {
      maxUses: null,
      maxLifetimeMs: null,
      idleTimeoutMs: null,
      pingAfterIdleMs: null,
      watchdogMs: null,
      leakThresholdMs: null,
      closeTimeoutMs: null,
      lanes: null,
    }
    const none = {
      ASHLAR_POOL_MAX_USES: 'none',
      ASHLAR_POOL_MAX_LIFETIME_MS: 'none',
      ASHLAR_POOL_IDLE_TIMEOUT_MS: 'none',
      ASHLAR_POOL_PING_AFTER_IDLE_MS: 'none',
      ASHLAR_POOL_WATCHDOG_MS: 'none',
      ASHLAR_POOL_LEAK_THRESHOLD_MS: 'none',
      ASHLAR_POOL_CLOSE_TIMEOUT_MS: 'none',
      ASHLAR_POOL_LANES: 'none',
    }
    for (const { pool } of [resolveConfig({ host: 'h', pool: off }, {}), resolveConfig({ host: 'h' }, none)]) {
      t.strictSame(Object.fromEntries(Object.keys(off).map((name) => [name, pool[name as keyof typeof off]])), off)
    }
  })

  t.test('takes each limit at both of its ends', async (t) => {
    for (const [name, least, most] of poolRanges) {
      for (const value of [least, most]) {
        const { pool } = resolveConfig({ host: 'h', pool: { max: 1_000, [name]: value } }, {})
        t.equal(pool[name], value, `pool.${name} ${value}`)
      }
    }
    for (const maxPreparedStatements of [1, 10_000]) {
      t.match(resolveConfig({ host: 'h', maxPreparedStatements }, {}), { maxPreparedStatements })
    }
    for (const operationRetentionMs of [60_000, 31_536_000_000, null]) {
      t.match(resolveConfig({ host: 'h', operationRetentionMs }, {}), { operationRetentionMs })
    }
  })

  t.test('knows the defaults', async (t) => {
    const { target: _, ...limits } = resolveConfig({ host: 'h' }, {})
    const hooks = { onConnect: null, onBorrow: null, onLeak: null }
    const { port: _port, migration: _migration, pool, retry, ...others } = defaults
    t.strictSame(limits, {
      ...others,
      project: null,
      pool: { keepsConnections: true, ...pool, ...hooks },
      retry: { isOn: true, ...retry, random: null, clock: null },
    })
  })

  t.test('opens no more connections ahead than there may be', async (t) => {
    const sizes = (pool: PoolOptions, environment = {}) => {
      const { min, max } = resolveConfig({ host: 'h', pool }, environment).pool
      return [min, max]
    }
    t.same(sizes({}), [10, 50])
    t.same(sizes({ max: 10 }), [10, 10])
    t.same(sizes({ max: 3 }), [3, 3])
    t.same(sizes({}, { ASHLAR_POOL_MAX: '3' }), [3, 3])
    t.same(sizes({ min: 0, max: 3 }), [0, 3])
    t.same(sizes({ min: 3, max: 3 }, { ASHLAR_POOL_MIN: '4' }), [3, 3])
    t.same(sizes({ min: 50 }), [50, 50])
  })

  t.test('keeps the hooks as they are', async (t) => {
    const hooks = { onConnect: async () => {}, onBorrow: async () => {}, onLeak() {} }
    const { pool } = resolveConfig({ host: 'h', pool: hooks }, {})
    t.ok(pool.onConnect === hooks.onConnect && pool.onBorrow === hooks.onBorrow && pool.onLeak === hooks.onLeak)
  })

  t.test('takes an empty variable as not set', async (t) => {
    t.match(serverOf({ host: 'h' }, { PGPORT: '' }), { port: 5432 })
  })

  t.test('takes the name of the user for user and database when nothing says otherwise', async (t) => {
    const { username } = userInfo()
    t.match(serverOf({ host: 'h' }, {}), { user: username, database: username })
  })

  t.test('prefers the option also for password and application name', async (t) => {
    const options = {
      url: 'postgres://a:from-url@h/?application_name=from-url',
      password: 'mine',
      applicationName: 'mine',
    }
    const config = resolveConfig(options, { PGAPPNAME: 'from-env', PGPASSWORD: 'from-env' })
    t.equal(firstServer(config).password?.reveal(), 'mine')
    t.equal(config.applicationName, 'mine')
  })

  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1', '/run/postgresql']) {
    t.test(`needs no encryption to ${host}`, async (t) => {
      t.match(serverOf({ host }, {}), { tls: 'disable' })
    })
  }

  t.test('needs encryption with checked certificate to other hosts, unless told otherwise', async (t) => {
    for (const host of ['db.example', '127.evil.example', '10.0.0.1', '128.0.0.1']) {
      t.match(serverOf({ host }, {}), { tls: VERIFY_FULL }, host)
    }
    t.match(serverOf({ url: 'postgres://db.example/?sslmode=disable' }, {}), { tls: 'disable' })
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
    t.match(serverOf({ host: 'h' }, { POSTGRES_SERVER: 'other', POOL_SIZE: 'x' }), { host: 'h' })
  })

  t.test('knows an embedded server by its URL', async (t) => {
    t.same(resolveConfig({ url: 'embedded:./some folder' }, {}).target, { embeddedFolder: './some folder' })
  })

  t.test('is frozen', async (t) => {
    const config = resolveConfig({ host: 'h' }, {})
    const { servers } = config.target as ServersTarget
    t.ok([config, config.target, servers, ...servers, config.pool].every(Object.isFrozen))
  })

  t.test('shows the password in no form', async (t) => {
    const config = resolveConfig({ host: 'h', password: CANARY }, {})
    const forms = [
      inspect(config, { depth: Infinity, showHidden: true }),
      JSON.stringify(config),
      String(firstServer(config).password),
    ]
    t.notOk(forms.join().includes(CANARY))
  })
})

t.test('resolveConfig refuses', async (t) => {
  const cases: readonly Refused[] = [
    [
      'a size out of range',
      { host: 'h', pool: { max: 0 } },
      {},
      { field: 'pool.max', value: '0', limit: 'an integer from 1 to 1000' },
    ],
    ['a fraction', { host: 'h', port: 1.5 }, {}, { field: 'port', value: '1.5', limit: PORT }],
    ['a text for a number', { host: 'h', port: '5432' as never }, {}, { field: 'port', value: '"5432"', limit: PORT }],
    ['a variable that is no number', { host: 'h' }, { PGPORT: 'x5' }, { field: 'PGPORT', value: '"x5"', limit: PORT }],
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
      'a logger that cannot tell of errors',
      { host: 'h', logger: { warn() {} } as never },
      {},
      {
        field: 'logger',
        value: '[hidden]',
        limit: 'an object with the functions `warn` and `error`, and if it likes `debug` and `info`',
      },
    ],
    [
      'a provider that has no tracers',
      { host: 'h', telemetry: { tracerProvider: {} } as never },
      {},
      {
        field: 'telemetry',
        value: '[hidden]',
        limit: '`none`, or an object of `tracerProvider` and `meterProvider`',
      },
    ],
    [
      'an unknown log level',
      { host: 'h' },
      { ASHLAR_LOG_LEVEL: 'loud' },
      { field: 'ASHLAR_LOG_LEVEL', value: '"loud"', limit: 'debug, info, warn or error' },
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
    ...['a,,b', '[::1]', 'a,[::1]', 'a\0b', 'a, b', 'a@b', 'tcp://a'].map(
      (host): Refused => [
        `the host ${JSON.stringify(host)}`,
        { host },
        {},
        {
          field: 'host',
          value: '[hidden]',
          limit: 'host names, addresses (without brackets) or folders of Unix sockets, with commas between them',
        },
      ],
    ),
    [
      'more ports than hosts',
      { host: 'a,b', port: '1,2,3' },
      {},
      {
        field: 'port',
        value: 'a list of 3 ports for 2 hosts',
        limit: 'one port for all hosts, or a list as long as that of the hosts',
      },
    ],
    [
      'a list of ports for one host',
      { host: 'a' },
      { PGPORT: '1,2' },
      { field: 'PGPORT', value: 'a list of 2 ports for 1 host', limit: /^one port for all/ as never },
    ],
    [
      'ports of a URL for other hosts',
      { url: 'postgres://a:1,b:2/', host: 'c' },
      {},
      { field: 'url port', value: 'a list of 2 ports for 1 host', limit: /^one port for all/ as never },
    ],
    [
      'a port out of range in a list',
      { url: 'postgres://a:1,b:65536/' },
      {},
      { field: 'url port', value: '"1,65536"', limit: PORT },
    ],
    [
      'an unknown word for what a server must be',
      { url: 'postgres://a,b/?target_session_attrs=master' },
      {},
      {
        field: 'url targetSessionAttrs',
        value: '"master"',
        limit: 'any, read-write, read-only, primary, standby or prefer-standby',
      },
    ],
    [
      'the same in its variable',
      { host: 'a' },
      { PGTARGETSESSIONATTRS: 'readwrite' },
      { field: 'PGTARGETSESSIONATTRS', value: '"readwrite"', limit: /^any, read-write/ as never },
    ],
    [
      'what a server must be together with an embedded one',
      { url: 'embedded:temp', targetSessionAttrs: 'primary' },
      {},
      { field: 'targetSessionAttrs', value: 'given', limit: 'left out: an embedded server chooses its own' },
    ],
    [
      'encryption to one of several hosts that cannot have it',
      { host: 'a,/run/postgresql', sslmode: 'require' },
      {},
      { field: 'sslmode', value: 'require', limit: /Unix socket/ as never },
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
          /; not read: POSTGRES_SERVER \(write PGHOST\), POSTGRES_PASSWORD \(write PGPASSWORD\), POOL_SIZE \(write ASHLAR_POOL_MAX, POOL_OVERFLOW added\), POOL_OVERFLOW \(write ASHLAR_POOL_MAX, POOL_SIZE added\), POOL_TIMEOUT \(write ASHLAR_POOL_ACQUIRE_TIMEOUT_MS, in milliseconds\), POOL_RECYCLE \(write ASHLAR_POOL_MAX_LIFETIME_MS, in milliseconds\)$/ as never,
      },
    ],
    [
      'more connections ahead than there may be',
      { host: 'h', pool: { min: 3, max: 2 } },
      {},
      { field: 'pool.min', value: '3', limit: 'at most pool.max, which is 2' },
    ],
    [
      'more connections ahead than the default allows',
      { host: 'h', pool: { min: 51 } },
      {},
      { field: 'pool.min', value: '51', limit: 'at most pool.max, which is 50' },
    ],
    [
      'a variable that asks for more connections ahead than there may be',
      { host: 'h', pool: { max: 2 } },
      { ASHLAR_POOL_MIN: '3' },
      { field: 'ASHLAR_POOL_MIN', value: '3', limit: 'at most pool.max, which is 2' },
    ],
    [
      '0 for no renewal',
      { host: 'h', pool: { maxUses: 0 } },
      {},
      {
        field: 'pool.maxUses',
        value: '0',
        limit: 'an integer from 1 to 1000000000, or null for never (`none` in the environment)',
      },
    ],
    [
      '0 for no lanes',
      { host: 'h' },
      { ASHLAR_POOL_LANES: '0' },
      {
        field: 'ASHLAR_POOL_LANES',
        value: '0',
        limit: 'an integer from 1 to 64, or null for no sharing (`none` in the environment)',
      },
    ],
    [
      '`none` where there must be a number',
      { host: 'h' },
      { ASHLAR_POOL_MAX_WAITING: 'none' },
      { field: 'ASHLAR_POOL_MAX_WAITING', value: '"none"', limit: 'an integer from 0 to 1000000' },
    ],
    [
      'null where there must be a number',
      { host: 'h', pool: { laneDepth: null as never } },
      {},
      { field: 'pool.laneDepth', value: 'null', limit: 'an integer from 1 to 1024' },
    ],
    ...poolRanges.flatMap(([name, least, most]) =>
      [least - 1, most + 1].map(
        (value): Refused => [
          `${value} as pool.${name}`,
          { host: 'h', pool: { [name]: value } },
          {},
          {
            field: `pool.${name}`,
            value: String(value),
            limit: new RegExp(`^an integer from ${least} to ${most}`) as never,
          },
        ],
      ),
    ),
    ...[0, 10_001].map(
      (value): Refused => [
        `${value} prepared statements`,
        { host: 'h', maxPreparedStatements: value },
        {},
        { field: 'maxPreparedStatements', value: String(value), limit: 'an integer from 1 to 10000' },
      ],
    ),
    ...[0, 59_999, 31_536_000_001].map(
      (value): Refused => [
        `${value} ms of keeping operations`,
        { host: 'h', operationRetentionMs: value },
        {},
        {
          field: 'operationRetentionMs',
          value: String(value),
          limit: 'an integer from 60000 to 31536000000, or null for no deletion (`none` in the environment)',
        },
      ],
    ),
    ...(['onConnect', 'onBorrow', 'onLeak'] as const).flatMap((name) =>
      ['SET ROLE ada', 5, null, {}].map(
        (value): Refused => [
          `${JSON.stringify(value)} as pool.${name}`,
          { host: 'h', pool: { [name]: value as never } },
          {},
          { field: `pool.${name}`, value: JSON.stringify(value), limit: 'a function' },
        ],
      ),
    ),
    [
      'a function for a number',
      { host: 'h', pool: { max: (() => 5) as never } },
      {},
      { field: 'pool.max', value: 'a function', limit: 'an integer from 1 to 1000' },
    ],
    [
      'a bigint for a number',
      { host: 'h', pool: { laneBytes: 2_048n as never } },
      {},
      { field: 'pool.laneBytes', value: 'a bigint', limit: 'an integer from 1024 to 1073741824' },
    ],
    [
      'a hook in the environment',
      { host: 'h' },
      { ASHLAR_POOL_ON_CONNECT: 'SET ROLE ada' },
      { field: 'ASHLAR_POOL_ON_CONNECT', value: 'unknown', limit: /^one of / as never },
    ],
    [
      'a text for a boolean',
      { host: 'h', coalesce: 'true' as never },
      {},
      { field: 'coalesce', value: '"true"', limit: 'true or false' },
    ],
    ...['ASHLAR_PREPARED_STATEMENTS', 'ASHLAR_COALESCE'].flatMap((field) =>
      ['1', 'yes', 'TRUE', 'none'].map(
        (value): Refused => [
          `${field}=${value}`,
          { host: 'h' },
          { [field]: value },
          { field, value: JSON.stringify(value), limit: 'true or false' },
        ],
      ),
    ),
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
    t.match(firstServer(resolveNameless({ host: 'h', user: 'ada' }, {})), { user: 'ada', database: 'ada' })
    t.throws(() => resolveNameless({ host: 'h' }, {}), {
      name: 'ConfigError',
      message: /^user is not given, but must be/,
    })
  })
})
