/** The project that is generated for: its configuration, its `.sql` files, and where each one's output goes. */

import { readdir, readFile } from 'node:fs/promises'
import { join, posix, sep } from 'node:path'
import { z } from 'zod'
import { isAshlarItself } from '../migrate/source.js'
import { manifestIn, outputFolder } from './manifest-file.js'
import { GenerateError, type Problem, refuse } from './problem.js'

/** A `.sql` file. Paths are relative to the project's folder and have slashes. */
export interface SqlFile {
  readonly file: string
  readonly output: string
  readonly text: string
}

/** What is to be generated. */
export interface Project {
  readonly folder: string
  /** pgtyped.config.json as it is, for pgtyped. */
  readonly config: Readonly<Record<string, unknown>>
  readonly files: readonly SqlFile[]
  /** Where generated files lie, and how their names end: what is there without a `.sql` is an orphan. */
  readonly outputs: { readonly folder: string; readonly suffix: string }
  /** Where the manifest of all queries lies. */
  readonly manifest: string
  /** What a generated file imports the query class from. */
  moduleFor(output: string): string
}

const CONFIG = 'pgtyped.config.json'
const ALL_FILES = '**/*.sql'

const transformSchema = z.looseObject({ mode: z.string() })
const sqlTransformSchema = z.looseObject({
  include: z.literal(ALL_FILES, `"include" must be "${ALL_FILES}": every .sql file is generated from`),
  emitTemplate: z.string('"emitTemplate" is missing, such as "src/generated/{{dir_base}}/{{name}}.queries.ts"'),
})
const configSchema = z.looseObject({
  srcDir: z
    .string('"srcDir" is missing, such as "sql"')
    .refine((path) => !posix.isAbsolute(path) && !posix.normalize(path).startsWith('..'), {
      error: '"srcDir" must lie in the project\'s folder',
    }),
  camelCaseColumnNames: z.literal(true, '"camelCaseColumnNames" must be true: so ashlar names the columns of its rows'),
  transforms: z.array(transformSchema, '"transforms" is missing'),
})

/** Reads a project.
 *  @throws {GenerateError} when pgtyped.config.json is missing or cannot be used, or two files share an output */
export async function readProject(folder: string): Promise<Project> {
  const config = checkConfig(await readJson(folder, CONFIG))
  const { template } = config
  const packageName = await readJson(folder, 'package.json').catch(() => ({}) as Record<string, unknown>)
  const files = await Promise.all(
    (await listFiles(folder, config.srcDir, '.sql')).map(async (file) => ({
      file,
      output: renderTemplate(template, file),
      // pgtyped does the same; offsets and committed files must not depend on git's autocrlf.
      text: (await readFile(join(folder, file), 'utf8')).replaceAll('\r\n', '\n'),
    })),
  )
  if (files.length === 0) throw configError(`there is no .sql file in ${config.srcDir}`)
  refuse(sharedOutputs(files))
  const outputs = outputFolder(template)
  return {
    folder,
    config: config.raw,
    files,
    outputs: {
      folder: outputs,
      suffix: template.slice(template.lastIndexOf('}}') + 2),
    },
    manifest: manifestIn(outputs),
    moduleFor: (output) =>
      packageName.name === 'ashlar' ? posix.relative(posix.dirname(output), 'src/engine/query.js') : 'ashlar',
  }
}

/** Lists the files below a folder whose names end so, sorted; an absent folder has none. */
export async function listFiles(project: string, folder: string, suffix: string): Promise<readonly string[]> {
  const paths = await readdir(join(project, folder), { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return paths
    .map((path) => path.split(sep).join('/'))
    .filter((path) => path.endsWith(suffix) && !path.split('/').some((part) => part.startsWith('.')))
    .map((path) => posix.join(folder, path))
    .sort()
}

async function readJson(folder: string, file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return JSON.parse(await readFile(join(folder, file), 'utf8')) as Record<string, unknown>
  } catch (error) {
    const message = error instanceof SyntaxError ? `is not JSON: ${error.message}` : `is missing in ${folder}`
    throw new GenerateError([{ file, line: null, message }])
  }
}

function checkConfig(raw: Readonly<Record<string, unknown>>) {
  const { srcDir, transforms } = check(configSchema, raw)
  const [transform, ...others] = transforms.filter(({ mode }) => mode === 'sql')
  if (transform === undefined || others.length > 0) throw configError('there must be one transform of mode "sql"')
  const template = posix.normalize(check(sqlTransformSchema, transform).emitTemplate)
  if (!template.includes('{{') || posix.isAbsolute(template) || template.startsWith('..')) {
    throw configError('"emitTemplate" must hold {{name}} and lie in the project\'s folder')
  }
  return { raw, srcDir, template }
}

function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new GenerateError(result.error.issues.map(({ message }) => ({ file: CONFIG, line: null, message })))
}

function configError(message: string): GenerateError {
  return new GenerateError([{ file: CONFIG, line: null, message }])
}

/** pgtyped renders with nunjucks; only its variables are of use in a path. */
function renderTemplate(template: string, file: string): string {
  const { dir, base, ext, name } = posix.parse(file)
  const values: Readonly<Record<string, string>> = { dir, base, ext, name, dir_base: posix.basename(dir) }
  const path = template.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (whole, variable: string) => values[variable] ?? whole)
  if (/\{[{%#]/.test(path)) throw configError(`"emitTemplate" may hold ${Object.keys(values).join(', ')} in {{ }} only`)
  return posix.normalize(path)
}

function sharedOutputs(files: readonly SqlFile[]): readonly Problem[] {
  return files.flatMap(({ file, output }, index) => {
    const other = files.slice(0, index).find((earlier) => earlier.output === output)
    return other === undefined ? [] : [{ file, line: null, message: `has the same output as ${other.file}: ${output}` }]
  })
}

/** Gives the command that generates anew, as its users type it. */
export function generateCommand({ folder }: Pick<Project, 'folder'>): string {
  return isAshlarItself(folder) ? 'npm run generate' : 'npx ashlar generate'
}
