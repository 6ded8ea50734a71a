/** The example runs as it stands. That it compiles is seen where the types of the package are: test/package.test.ts. */

import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import t from 'tap'
import { readSources } from '../../src/migrate/files.js'
import { ownSource } from '../../src/migrate/source.js'
import { builtPackage, run, urlOf } from '../cli/fixtures/command.js'
import { createTestDatabase } from '../fixtures/database.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const own = (await readSources([ownSource])).map(({ name }) => name)
// Below the repository, so that node finds the dependencies of ashlar in the node_modules above.
mkdirSync(join(root, '.tap'), { recursive: true })
const cwd = mkdtempSync(join(root, '.tap', 'oncall-'))
t.teardown(() => rmSync(cwd, { recursive: true, force: true }))

t.before(async () => {
  const left = ['node_modules', 'out'].map((name) => join(root, 'examples/oncall', name))
  cpSync(join(root, 'examples/oncall'), cwd, { recursive: true, filter: (path) => !left.includes(path) })
  mkdirSync(join(cwd, 'node_modules'))
  symlinkSync(builtPackage, join(cwd, 'node_modules/ashlar'))
  const entryPoints = [join(cwd, 'src/main.ts')]
  await build({
    entryPoints,
    outdir: join(cwd, 'out'),
    bundle: true,
    packages: 'external',
    format: 'esm',
    target: 'node20',
  })
})

t.test('examples/oncall', async (t) => {
  t.test('migrates: ashlar, then its own migrations, in one command', async (t) => {
    const env = { DATABASE_URL: urlOf(await createTestDatabase(t, null)) }
    const { code, stdout } = await run(t, ['migrate', 'up', '--json'], { cwd, env })
    t.equal(code, 0)
    const steps = JSON.parse(stdout).migrations.map(({ source, name }: Record<string, string>) => `${source}/${name}`)
    t.same(steps, [
      ...own.map((name) => `ashlar/${name}`),
      'project/0001_incident',
      'project/0002_incident_service_index',
    ])
    const checked = await run(t, ['migrate', 'check'], { cwd, env })
    t.same([checked.code, checked.stdout], [0, 'ok the database is as the migrations say\n'])
    const reverted = await run(t, ['migrate', 'down', '2', '--json'], { cwd, env })
    t.match(JSON.parse(reverted.stdout), {
      migrations: [{ name: '0002_incident_service_index' }, { name: '0001_incident', direction: 'down' }],
    })
  })

  t.test('has queries that are generated as they stand', async (t) => {
    const { code, stdout, stderr } = await run(t, ['generate', '--check'], { cwd })
    t.same([code, stdout, stderr], [0, '3 queries in 1 file (1 read), 6 variants prepared: current\n', ''])
    const listed = await run(t, ['queries', '--json'], { cwd })
    t.match(JSON.parse(listed.stdout), [
      { name: 'openIncident' },
      { name: 'resolveIncident' },
      { name: 'listIncidents', isRead: true, tables: { read: ['oncall.incident', 'registry.service'], written: [] } },
    ])
  })

  t.test('has migrations and queries in which the reviews find nothing', async (t) => {
    const [lint, vet] = await Promise.all([run(t, ['migrate', 'lint'], { cwd }), run(t, ['vet'], { cwd })])
    t.same([lint.code, lint.stdout, lint.stderr], [0, '2 migrations: clean\n', ''])
    t.match(vet, { code: 0, stdout: /: clean\n$/, stderr: '' })
  })

  t.test('runs its queries in one transaction with those of ashlar', async (t) => {
    const { code, stdout, stderr } = await runProgram()
    t.same([code, stderr], [0, ''])
    t.equal(
      stdout,
      `reported: calendar (maintenance), major: answers late, open
refused by incident_title_length
resolved: true false
in the end: calendar (unknown), major: answers late, resolved
migrations: { applied: ${own.length + 2}, pending: 0, unknown: 0 }
`,
    )
  })
})

/** Without DATABASE_URL, and through env, so that tap does not instrument it. */
function runProgram(): Promise<{ code: number; stdout: string; stderr: string }> {
  const { PATH = '', HOME = '' } = process.env
  const args = ['-i', `PATH=${PATH}`, `HOME=${HOME}`, process.execPath, 'out/main.js']
  return new Promise((resolve) => {
    execFile('/usr/bin/env', args, { cwd }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, stdout, stderr })
    })
  })
}
