import t from 'tap'
import { run } from './fixtures/command.js'

const common = ['--json', '--verbose', '--help']
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  dev: ['--show-password', ...common],
  'migrate up': ['--url', ...common],
  'migrate down': ['--url', ...common],
  'migrate status': ['--url', ...common],
  health: ['--url', '--deadline-ms', '--long-transaction-ms', '--max-replication-lag-ms', ...common],
  check: ['--url', ...common],
  init: ['--url', '--admin-url', ...common],
  upkeep: ['--url', '--purge-after-days', ...common],
  tour: ['--url', ...common],
  generate: ['--check', ...common],
  schema: ['--check', ...common],
  queries: ['--project', '--table', '--file', '--psql', '--param', ...common],
}

/** The names in the list of commands of a help text. */
function commandsIn(help: string): readonly string[] {
  const [, list = ''] = help.split('Commands:\n')
  return [...list.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name ?? '').filter((name) => name !== 'help')
}

t.test('--help', async (t) => {
  t.test('of the program lists all commands and the exit codes, on stdout', async (t) => {
    const { code, stdout, stderr } = await run(t, ['--help'])
    t.equal(code, 0)
    t.equal(stderr, '')
    t.same(commandsIn(stdout), [
      'dev',
      'migrate',
      'health',
      'check',
      'init',
      'upkeep',
      'tour',
      'generate',
      'schema',
      'queries',
    ])
    t.match(stdout, 'Exit codes: 0 done, 1 failed (health: degraded), 2 unhealthy, 64 wrong usage.')
  })

  t.test('of migrate lists its commands', async (t) => {
    const { code, stdout } = await run(t, ['migrate', '--help'])
    t.equal(code, 0)
    t.same(commandsIn(stdout), ['up', 'down', 'status'])
  })

  t.test('of each command lists its options, on stdout', async (t) => {
    await Promise.all(
      Object.entries(optionsOf).map(async ([command, options]) => {
        const { code, stdout, stderr } = await run(t, [...command.split(' '), '--help'])
        t.equal(code, 0, command)
        t.equal(stderr, '', command)
        t.match(stdout, `Usage: ashlar ${command} [options]`)
        const listed = [...stdout.matchAll(/^ {2}.*(--[a-z-]+)/gm)].map(([, option]) => option)
        t.same(listed.sort(), [...options].sort(), command)
      }),
    )
  })
})
