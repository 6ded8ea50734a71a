import { readdirSync } from 'node:fs'
import t from 'tap'
import { run } from './fixtures/command.js'

t.test('wrong usage exits 64, and says on stderr what is wrong and how the command is used', async (t) => {
  const cases: readonly (readonly [args: string, says: string, usage: string])[] = [
    ['migrat up', "error: unknown command 'migrat'\n(Did you mean migrate?)", 'Usage: ashlar [options] [command]'],
    ['migrate sideways', "error: unknown command 'sideways'", 'Usage: ashlar migrate [options] [command]'],
    ['health --jsn', "error: unknown option '--jsn'", 'Usage: ashlar health [options]'],
    ['health now', "error: too many arguments for 'health'", 'Usage: ashlar health [options]'],
    [
      'migrate up --url',
      "error: option '--url <url>' argument missing",
      'Usage: ashlar migrate up [options] [extent...]',
    ],
    [
      'migrate down many',
      'It must be an integer from 1 to 9999, or: to NAME.',
      'Usage: ashlar migrate down [options] [extent...]',
    ],
    [
      'migrate up to',
      '`to` is followed by the name of one migration',
      'Usage: ashlar migrate up [options] [extent...]',
    ],
    ['migrate redo 1 --to x', '--to says how far', 'Usage: ashlar migrate redo [options] [extent...]'],
    ['migrate create AddItem --project .', 'the name must be at most', 'Usage: ashlar migrate create [options] <name>'],
    ['migrate create add_item', 'no project is here', 'Usage: ashlar migrate create [options] <name>'],
    ['migrate', 'Commands:', 'Usage: ashlar migrate [options] [command]'],
    ['', 'Commands:', 'Usage: ashlar [options] [command]'],
  ]
  await Promise.all(
    cases.map(async ([args, says, usage]) => {
      const { code, stdout, stderr } = await run(t, args.split(' ').filter(Boolean))
      t.equal(code, 64, args)
      t.equal(stdout, '', args)
      t.match(stderr, says)
      t.match(stderr, usage)
    }),
  )
})

t.test('shows no password of a URL that stands at the wrong place', async (t) => {
  const url = 'postgres://ada:canary 4711/@@h/shop'
  const cases: readonly (readonly [args: readonly string[], code: number])[] = [
    [['check', `--ulr=${url}`], 64],
    [[url], 64],
    [['migrate', 'up', url], 64],
    [['migrate', url], 64],
    [['health', url], 64],
    [['upgrade', url], 64],
    [['dev', url], 1],
    [['tour', url], 1],
    [['generate', url], 1],
    [['schema', url, '--verbose'], 1],
    [['queries', '--project', url], 1],
    [['queries', url], 64],
  ]
  const cwd = t.testdir({})
  await Promise.all(
    cases.map(async ([args, code]) => {
      const outcome = await run(t, args, { cwd })
      t.same([outcome.code, outcome.stdout], [code, ''], args.join(' '))
      t.notMatch(outcome.stderr, 'canary', args.join(' '))
      if (code === 1)
        t.match(outcome.stderr, /(folder|project) is a URL, but must be the path of a folder/, args.join(' '))
    }),
  )
  t.same(readdirSync(cwd), [], 'makes no folder')
  const { stderr } = await run(t, ['check', `--ulr=${url}`])
  t.match(stderr, "error: unknown option '--ulr=postgres://[hidden]@h/shop'")
})

t.test('commands of other tools exit 64, and name their successors', async (t) => {
  const cases: readonly (readonly [args: string, advice: string])[] = [
    ['upgrade head', 'write `ashlar migrate up`'],
    ['downgrade -1 --sql', 'write `ashlar migrate down 1`'],
    ['downgrade -3', 'write `ashlar migrate down 3`'],
    ['downgrade base', 'write `ashlar migrate down [count]`'],
    ['current', 'write `ashlar migrate status`'],
    ['history --help', 'write `ashlar migrate history`'],
    ['revision -m x', 'write `ashlar migrate create NAME`'],
  ]
  await Promise.all(
    cases.map(async ([args, advice]) => {
      const { code, stdout, stderr } = await run(t, args.split(' '))
      t.same([code, stdout], [64, ''], args)
      t.equal(stderr, `error: there is no command '${args.split(' ')[0]}': ${advice}\n`)
    }),
  )
})
