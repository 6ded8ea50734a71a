import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ask, makeFolder, runs } from '../embedded/fixtures/processes.js'
import { until } from '../fixtures/until.js'
import { run, start } from './fixtures/command.js'
import { writeFiles } from './fixtures/files.js'

const PACKAGES = 1_500
/** As in src/cli/tour/import.ts. */
const BATCH = 100

t.test('a tour that is killed in mid-import is completed by the next', async (t) => {
  const cwd = makeFolder(t)
  const names = Array.from({ length: PACKAGES }, (_, index) => `package-${index}`)
  const manifest = (name: string) => ({ name, version: '1.0.0', keywords: ['cli'], dependencies: { zod: '4' } })
  writeFiles(cwd, Object.fromEntries(names.map((name) => [`node_modules/${name}/package.json`, manifest(name)])))

  const killed = start(t, ['tour', '--json'], { cwd })
  const state = () => JSON.parse(readFileSync(join(cwd, '.ashlar/server.json'), 'utf8'))
  // Until the table is there, asking fails.
  const imported = async () => Number((await ask(state(), 'SELECT count(*) FROM agent.project_context'))[0]?.[0])
  await until(async () => (await imported().catch(() => 0)) > 0)
  killed.send('SIGKILL')
  t.match(await killed.ended, { code: null, stdout: '', stderr: '' })
  const { pid } = state()
  t.ok(runs(pid), 'its server is left')

  const { code, stdout, stderr } = await run(t, ['tour', '--json'], { cwd })
  t.equal(code, 0, stderr)
  const report = JSON.parse(stdout)
  const { created, updated, unchanged } = report.imported
  t.same([created + unchanged, updated], [PACKAGES, 0], 'rows of the killed tour are as a whole tour makes them')
  t.ok(unchanged > 0 && created > 0, `${unchanged} of ${PACKAGES} were imported before`)
  t.equal(unchanged % BATCH, 0, 'each batch was written whole or not at all')
  t.equal(report.health.status, 'healthy')
  t.notOk(runs(pid), 'the server that was left is stopped')
  t.match(state(), { pid: null, ownerPid: null })
})
