import t from 'tap'
import { createTestDatabase } from '../fixtures/database.js'
import { run, urlOf } from './fixtures/command.js'

const access = await createTestDatabase(t)
const canary = 'canary-4711'

t.test('a failure', async (t) => {
  t.test('is one message on stderr, without a stack', async (t) => {
    const url = `mysql://ada:${canary}@127.0.0.1/shop`
    const { code, stdout, stderr } = await run(t, ['migrate', 'status', '--json', '--url', url])
    t.same([code, stdout], [1, ''])
    t.equal(
      stderr,
      [
        'error url is of scheme mysql:, but must be postgres://USER:PASSWORD@HOST:PORT/DATABASE, embedded:FOLDER or embedded:temp (ASHLAR_CONFIG)',
        '--verbose shows the stack.\n',
      ].join('\n'),
    )
  })

  t.test('says where a server can come from when none is named', async (t) => {
    const { code, stderr } = await run(t, ['health'])
    t.equal(code, 1)
    t.match(stderr, 'in DATABASE_URL or in PGHOST; `embedded:./.ashlar` starts a server for development')
  })

  t.test('shows its stack with --verbose, and the password never', async (t) => {
    const cases: readonly (readonly [args: string, url: string, says: string])[] = [
      ['migrate status', `postgres://ada:${canary}@127.0.0.1:port/shop`, 'ConfigError: DATABASE_URL is malformed'],
      ['health', `postgres://ada:${canary}@127.0.0.1/shop?ssl=1`, 'ConfigError: DATABASE_URL parameter ssl is unknown'],
      ['migrate up', urlOf(access, { password: canary }), 'password authentication failed'],
      ['migrate status', urlOf(access, { password: canary }), 'password authentication failed'],
      ['migrate down', urlOf(access, { password: canary, port: 1 }), 'ECONNREFUSED'],
    ]
    await Promise.all(
      cases.map(async ([args, url, says]) => {
        const { code, stdout, stderr } = await run(t, [...args.split(' '), '--verbose'], { env: { DATABASE_URL: url } })
        t.same([code, stdout], [1, ''], args)
        t.match(stderr, says)
        t.match(stderr, /^ {4}at .*main\.js/m)
        t.notMatch(stderr, canary)
      }),
    )
  })
})
