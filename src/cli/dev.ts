import { join } from 'node:path'
import pc from 'picocolors'
import { isRunning } from '../embedded/process-identity.js'
import { type EmbeddedServer, startEmbeddedServer } from '../embedded/server.js'
import { ConfigError, MigrationError } from '../errors.js'
import { migrateUp } from '../migrate/runner.js'
import { sourcesOf } from '../migrate/source.js'
import { Secret } from '../secret.js'
import type { Context } from './context.js'
import { printJson, printLine, printNote } from './output.js'
import { nextSignal } from './signals.js'

/** How often the server is looked after. */
const LOOK_MS = 500

/** Starts the embedded server of a folder, migrated, prints how to reach it, and stays until Ctrl-C or SIGTERM.
 *  @throws {Error} when the server ends before */
export async function dev(
  { isJson }: Context,
  folder: string,
  { project, showPassword }: { readonly project: string | null; readonly showPassword: boolean },
): Promise<void> {
  if (folder === 'temp') {
    throw new ConfigError({
      field: 'folder',
      value: 'temp',
      limit: 'one that stays; write ./temp for one of that name',
    })
  }
  const server = await startEmbeddedServer({ folder })
  try {
    const { host, port, user, password, database } = server
    const target = { host, port, user, password: new Secret(password), database, tls: 'disable' } as const
    const refusal = await migrateUp(target, { sources: sourcesOf(project) }).then(() => null, refusalOf)
    const access = accessTo(server, folder, showPassword)
    if (isJson) printJson({ ...access, migrated: refusal === null })
    else {
      printLine(`${pc.green('ready')} PostgreSQL of ${folder}, ${refusal === null ? 'migrated' : 'not migrated'}`)
      printLine(`  DATABASE_URL=${shellWord(access.ashlarUrl)}   for programs that use ashlar`)
      printLine(`  ${access.url}${showPassword ? '' : pc.dim('   (--show-password completes it)')}`)
      printLine(`  ${access.psql}`)
    }
    if (refusal !== null) printNote(`${pc.yellow('not migrated')} ${refusal}`)
    printNote(
      pc.dim(
        server.origin === 'borrowed'
          ? 'Another process runs this server and stops it at its own end. Ctrl-C ends this command only.'
          : 'Ctrl-C stops it; the data stays.',
      ),
    )
    await stay(server)
  } finally {
    await server.close()
  }
}

/** Who wants psql, to see what is wrong, has it. */
function refusalOf(error: unknown): string {
  if (error instanceof MigrationError) return error.message
  throw error
}

function accessTo(server: EmbeddedServer, folder: string, showPassword: boolean) {
  const { host, port, user, database, password } = server
  // Absolute: the command is for another terminal.
  const passwordFile = join(server.folder, 'pgpass')
  return {
    ashlarUrl: `embedded:${folder}`,
    url: `postgres://${showPassword ? `${user}:${password}` : user}@${host}:${port}/${database}`,
    psql: `PGPASSFILE=${shellWord(passwordFile)} psql -h ${host} -p ${port} -U ${user} ${database}`,
  }
}

/** Quotes what a shell would take apart. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** Waits for a signal. Its timer is also what keeps this process up: neither the server nor a signal handler does.
 *  @throws {Error} when the server ends before */
async function stay({ pid, origin, folder }: EmbeddedServer): Promise<void> {
  const how = origin === 'borrowed' ? 'with the process that runs it, or by itself' : 'by itself'
  let look: NodeJS.Timeout | undefined
  const gone = new Promise<never>((_, reject) => {
    look = setInterval(() => {
      if (!isRunning(pid)) reject(new Error(`the server ended ${how}: see ${join(folder, 'server.log')}`))
    }, LOOK_MS)
  })
  try {
    await Promise.race([nextSignal(), gone])
  } finally {
    clearInterval(look)
  }
}
