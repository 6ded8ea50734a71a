import t from 'tap'
import { run } from './fixtures/command.js'

t.test('wrong usage exits 64, and says on stderr what is wrong and how the command is used', async (t) => {
  const cases: readonly (readonly [args: string, says: string, usage: string])[] = [
    ['migrat up', "error: unknown command 'migrat'\n(Did you mean migrate?)", 'Usage: ashlar [options] [command]'],
    ['migrate sideways', "error: unknown command 'sideways'", 'Usage: ashlar migrate [options] [command]'],
    ['health --jsn', "error: unknown option '--jsn'", 'Usage: ashlar health [options]'],
    ['health now', "error: too many arguments for 'health'", 'Usage: ashlar health [options]'],
    ['migrate up --url', "error: option '--url <url>' argument missing", 'Usage: ashlar migrate up [options] [count]'],
    ['migrate down many', 'It must be an integer from 1 to 9999.', 'Usage: ashlar migrate down [options] [count]'],
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
