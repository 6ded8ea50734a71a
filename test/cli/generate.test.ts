import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { makeFolder } from '../embedded/fixtures/processes.js'
import { run } from './fixtures/command.js'
import { writeFiles } from './fixtures/files.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

t.test('generate', async (t) => {
  const cwd = makeFolder(t)

  t.test('says what is missing in a folder that is no project', async (t) => {
    const { code, stdout, stderr } = await run(t, ['generate', '--json'], { cwd })
    t.same([code, stdout], [1, ''])
    t.match(stderr, `error pgtyped.config.json: is missing in ${cwd} (ASHLAR_GENERATE)`)
  })

  t.test('refuses wrong queries with file and line, and shows no stack', async (t) => {
    cpSync(join(root, 'pgtyped.config.json'), join(cwd, 'pgtyped.config.json'))
    writeFiles(cwd, {
      'sql/agent/twice.sql': '/* @name findOne */\nSELECT 1 AS one;\n\n/* @name findOne */\nSELECT 2 AS two;\n',
    })
    const { code, stdout, stderr } = await run(t, ['generate', '--check'], { cwd })
    t.same([code, stdout], [1, ''])
    t.match(stderr, /sql\/agent\/twice\.sql:\d+: .*findOne/)
    t.notMatch(stderr, /^ {4}at /m)
  })
})
