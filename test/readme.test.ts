/** What README.md says is what the code does. */

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { defaults } from '../src/config.js'
import { repositoryFunctions } from '../src/repositories.js'
import { plainNode } from './fixtures/plain-node.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** Gives the rows of the table under a heading, cells without their markup. */
function tableUnder(heading: string): string[][] {
  const section = readme.split(new RegExp(`\\n##+ ${heading}\\n`))[1]?.split(/\n##+ /)[0] ?? ''
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.replaceAll('`', '').trim()),
  )
}

t.test('README.md', async (t) => {
  t.test('shows a runnable example and the two commands in its first screen', async (t) => {
    const lines = readme.split('\n')
    t.ok(lines.indexOf("import { connect } from 'ashlar'") < 25)
    for (const command of ['npm install && npm start', 'npm install && npm test']) {
      t.ok(
        lines.slice(0, 30).some((line) => line.startsWith(command)),
        command,
      )
    }
  })

  t.test('has an example that runs as it stands', async (t) => {
    const code = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? ''
    const folder = t.testdir({})
    const program = join(folder, 'example.mts')
    writeFileSync(program, code.replace("from 'ashlar'", `from '${join(root, 'src/index.ts')}'`))
    const { stdout, stderr, status } = spawnSync(...plainNode(program), {
      cwd: folder,
      encoding: 'utf8',
    })
    t.equal(status, 0, stderr)
    t.match(stdout, /^[0-9a-f-]{36} \[ 'calendar' \] null\n$/)
  })

  t.test('lists every error class, and none that is not', async (t) => {
    const code = readFileSync(join(root, 'src/errors.ts'), 'utf8')
    const concrete = [...code.matchAll(/^export class (\w+Error)/gm)].map((match) => match[1])
    const listed = tableUnder('Errors').flatMap(([names = '']) => names.split(', '))
    t.same(listed.toSorted(), concrete.toSorted())
  })

  t.test('lists every option with its variable and default', async (t) => {
    const code = readFileSync(join(root, 'src/settings.ts'), 'utf8')
    const settings = [...code.matchAll(/^ {2}'?([\w.]+)'?: \{\s*environment: '?(\w+)'?/gm)]
    const expected = settings.map(([, name, variable]) => [name, variable === 'null' ? '' : variable])
    const rows = tableUnder('Options')
    t.same(
      rows.map(([name, variable]) => [name, variable]),
      expected,
    )
    const { pool, retry, ...others } = defaults
    const inGroup = (group: string, values: object) =>
      Object.fromEntries(Object.entries(values).map(([key, value]) => [`${group}.${key}`, value]))
    const values = { ...others, ...inGroup('pool', pool), ...inGroup('retry', retry) }
    for (const [name = '', , value] of rows) {
      if (name in values) t.equal(value, String(values[name as keyof typeof values]), name)
    }
  })

  t.test('lists every function of every repository', async (t) => {
    for (const [name, functions] of Object.entries(repositoryFunctions)) {
      const listed = tableUnder(`db.${name}`).flatMap(([calls = '']) =>
        [...calls.matchAll(/(\w+)\(/g)].map((match) => match[1]),
      )
      t.same(listed.toSorted(), functions.toSorted(), name)
    }
  })
})
