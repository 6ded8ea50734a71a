import t from 'tap'
import { run } from './fixtures/command.js'

const common = ['--json', '--verbose', '--help']
const project = ['--project', '--no-project']
const moves = [
  '--url',
  '--to',
  '--dry-run',
  '--lock-timeout-ms',
  '--statement-lock-timeout-ms',
  '--lock-retry-ms',
  ...project,
  ...common,
]
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  dev: ['--show-password', ...project, ...common],
  'migrate up': moves,
  'migrate down': moves,
  'migrate redo': moves,
  'migrate status': ['--url', ...project, ...common],
  'migrate history': ['--url', ...project, ...common],
  'migrate check': ['--url', ...project, ...common],
  'migrate stamp': ['--url', '--to', '--all', ...project, ...common],
  'migrate unstamp': ['--url', ...project, ...common],
  'migrate create': ['--no-transaction', ...project, ...common],
  'migrate lint': [...common],
  health: ['--url', '--deadline-ms', '--long-transaction-ms', '--max-replication-lag-ms', ...project, ...common],
  check: ['--url', ...project, ...common],
  init: ['--url', '--admin-url', ...common],
  upkeep: ['--url', '--purge-after-days', ...common],
  backup: ['--url', '--force', '--bin-dir', ...common],
  restore: ['--url', '--replace', '--owners', '--unsealed', '--bin-dir', ...common],
  tour: ['--url', ...common],
  generate: ['--check', ...common],
  'schema write': ['--check', ...common],
  'schema diff': [
    '--url',
    '--sql-only',
    '--output',
    '--no-sql',
    '--undo',
    '--privileges',
    '--ignore-schema',
    ...common,
  ],
  queries: [...project, '--table', '--file', '--psql', '--param', ...common],
  verify: ['--against', '--url', '--live', ...common],
  explain: [
    '--url',
    ...project,
    '--param',
    '--generic',
    '--indexed',
    '--buffers',
    '--analyze',
    '--analyze-writes',
    '--timeout-ms',
    ...common,
  ],
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
      'backup',
      'restore',
      'tour',
      'generate',
      'vet',
      'schema',
      'queries',
      'verify',
      'explain',
    ])
    t.match(stdout, 'Exit codes: 0 done, 1 failed (health: degraded), 2 unhealthy, 64 wrong usage.')
  })

  t.test('of migrate lists its commands', async (t) => {
    const { code, stdout } = await run(t, ['migrate', '--help'])
    t.equal(code, 0)
    t.same(commandsIn(stdout), [
      'up',
      'down',
      'redo',
      'status',
      'history',
      'check',
      'stamp',
      'unstamp',
      'create',
      'lint',
    ])
  })

  t.test('of schema lists its commands', async (t) => {
    const { code, stdout } = await run(t, ['schema', '--help'])
    t.equal(code, 0)
    t.same(commandsIn(stdout), ['write', 'diff'])
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

t.test('the group schema tells of --check, which its short form takes', async (t) => {
  const { stdout } = await run(t, ['schema', '--help'])
  t.match(stdout, /^ {2}--check {3}write nothing/m)
})
