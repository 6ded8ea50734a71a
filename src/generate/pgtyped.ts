/** Runs pgtyped so that its failure is seen: it ends with code 0 whatever happens. */

import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ServerTarget } from '../config.js'
import { GenerateError, type Problem, refuse } from './problem.js'
import type { Project, SqlFile } from './project.js'

/** pgtyped takes about 2 s; some of its failures leave it waiting for ever. */
const TIME_LIMIT_MS = 120_000

/** What it prints when all is well, line by line. All else is a mistake that it noticed. */
const EXPECTED_LINES = [
  /^Using a pool of \d+ threads\.$/,
  /^Processing .+$/,
  /^Saved \d+ query types from .+ to .+$/,
  /^\s*$/,
]
const UNMAPPED_TYPE = /Postgres type '(.+?)' is not supported by mapping/g
/** Only its debug output tells of errors in its main thread, after which it never ends. */
const MAIN_ERROR = /pg-typegen error in main: (.*)/

/** Compiles all `.sql` files into a folder outside the project. Gives each one's output.
 *  @throws {GenerateError} when pgtyped complains of anything or an output is missing */
export async function runPgtyped(
  script: string,
  project: Project,
  server: ServerTarget,
  folder: string,
): Promise<ReadonlyMap<SqlFile, string>> {
  const config = join(folder, 'pgtyped.config.json')
  const output = join(folder, 'generated')
  await writeFile(config, JSON.stringify(temporaryConfig(project, output)))
  const printed = await run(script, project.folder, config, server)
  refuse(complaints(printed))
  const outputs = await Promise.all(
    project.files.map(async (file) => {
      const text = await readFile(join(output, file.file.replace(/\.sql$/, '.ts')), 'utf8').catch(() => null)
      if (text !== null) return [file, text] as const
      throw new GenerateError([{ file: file.file, line: null, message: 'pgtyped wrote no output' }])
    }),
  )
  return new Map(outputs)
}

function temporaryConfig({ config }: Project, output: string): object {
  const emitTemplate = `${output}/{{dir}}/{{name}}.ts`
  const { db: _db, dbUrl: _dbUrl, ...rest } = config
  return { ...rest, failOnError: true, transforms: [{ mode: 'sql', include: '**/*.sql', emitTemplate }] }
}

/** A minimal environment: pgtyped reads any variable that is named like one of its options (URI, FILE, CONFIG), and
 *  connection settings from PG* before all else. The password stays out of the arguments, which all users see. */
function environment({ host, port, user, password, database }: ServerTarget): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    SystemRoot: process.env.SystemRoot,
    NODE_NO_WARNINGS: '1',
    NO_COLOR: '1',
    DEBUG: 'pg-typegen',
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password?.reveal(),
    PGDATABASE: database,
  }
}

function run(script: string, cwd: string, config: string, server: ServerTarget): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, '-c', config], {
      cwd,
      env: environment(server),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIME_LIMIT_MS,
      killSignal: 'SIGKILL',
    })
    let printed = ''
    const read = (chunk: string): void => {
      printed += chunk
      if (MAIN_ERROR.test(printed)) child.kill('SIGKILL')
    }
    child.stdout.setEncoding('utf8').on('data', read)
    child.stderr.setEncoding('utf8').on('data', read)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      const end = signal === null ? `ended with code ${code}` : 'was stopped; it did not end by itself'
      resolve(code === 0 ? printed : `${printed}\npgtyped ${end}`)
    })
  })
}

function complaints(printed: string): readonly Problem[] {
  const types = new Set([...printed.matchAll(UNMAPPED_TYPE)].map(([, type]) => type))
  if (types.size > 0) {
    return [...types].map((type) => ({
      file: 'pgtyped.config.json',
      line: null,
      message: `a query uses the type ${type}, which has no TypeScript type: add it to "typesOverrides"`,
    }))
  }
  const lines = printed
    .split('\n')
    .filter((line) => !/ pg-typegen (?!error in main)/.test(line))
    .filter((line) => !EXPECTED_LINES.some((expected) => expected.test(line)))
  return lines.length === 0 ? [] : [{ file: 'pgtyped', line: null, message: lines.join('\n') }]
}
