import t from 'tap'
import { createTestDatabase } from '../fixtures/database.js'
import { run, urlOf } from './fixtures/command.js'

const env = { DATABASE_URL: urlOf(await createTestDatabase(t)) }
const explain = (args: string) => run(t, ['explain', ...args.split(' ')], { env })

t.test('explain', async (t) => {
  t.test('prints a plan for people and for programs', async (t) => {
    const [text, json] = await Promise.all([
      explain('listTemplates --param order=name --param limit=5 --analyze --buffers'),
      explain('listTemplates --generic --param tagsAny --indexed --json'),
    ])
    t.same([text.code, text.stderr], [0, ''])
    t.match(text.stdout, /^Limit .*\n/)
    t.match(text.stdout, 'Execution Time')
    t.same([json.code, json.stderr], [0, ''])
    const { query, statement, plan, isExecuted } = JSON.parse(json.stdout)
    t.same([query, isExecuted], ['listTemplates', false])
    t.match(statement, 'tags && $1')
    t.match(JSON.stringify(plan), 'tags && $1')
  })

  t.test('runs a write when told, and says what stays', async (t) => {
    const args = 'deleteOldOperations --param olderThanMs=1 --param batchSize=1 --analyze-writes'
    const { code, stdout, stderr } = await explain(args)
    t.equal(code, 0)
    t.match(stdout, /^Delete on operation .*actual/)
    t.match(stderr, 'rolled back; sequences stay where it moved them')
  })

  t.test('refuses what is not right as wrong usage, and says what is', async (t) => {
    const write = 'deleteOldOperations --param olderThanMs=1 --param batchSize=1'
    const cases: readonly (readonly [args: string, says: string])[] = [
      ['listTemplate', 'there is no query listTemplate (did you mean listTemplates'],
      ['listTemplates', 'error: listTemplates needs the parameters limit (int8); --generic plans it without values\n'],
      ['listTemplates --param limit=canary', 'error: limit (int8) must be an integer'],
      ['listTemplates --param limit', 'error: a parameter must be name=value or name:=json'],
      ['listTemplates --generic --param canary', 'listTemplates has no parameter canary; it has'],
      ['listTemplates --generic --analyze', 'error: --generic has no values to run it with'],
      [`${write} --analyze`, 'error: deleteOldOperations writes or may write: --analyze-writes runs it'],
      ['listTemplates --param limit=1 --timeout-ms 0', 'It must be an integer from 1 to 86400000, in ms.'],
    ]
    await Promise.all(
      cases.map(async ([args, says]) => {
        const { code, stdout, stderr } = await explain(args)
        t.same([code, stdout], [64, ''], args)
        t.ok(stderr.includes(says), `${args}: ${stderr}`)
        t.match(stderr, 'Usage: ashlar explain [options] <query>')
      }),
    )
  })
})
