import pc from 'picocolors'
import { ANSWER_TIMEOUT_MS } from '../check/report.js'
import { type Config, resolveConfig, type ServersTarget, type ServerTarget } from '../config.js'
import { reach } from '../database.js'
import { findWriter } from '../engine/hosts/find-writer.js'
import { ConfigError } from '../errors.js'
import { resolveAdmin } from '../provision/admin.js'
import { provision } from '../provision/provision.js'
import type { Context } from './context.js'
import { exitCodes } from './failure.js'
import { printJson, printLine, printNote } from './output.js'
import { formatAdvice, formatStep } from './steps.js'

/** Prepares the database that `--url` or the environment names; exits 1 when a step failed.
 *  @throws {ConfigError} when it is an embedded one that does not stay, or one with an administrator */
export async function init({ url, isJson }: Context, adminUrl: string | undefined): Promise<void> {
  const config = resolveConfig(url === undefined ? {} : { url })
  const { target, pool, commandTimeoutMs } = config
  const folder = 'embeddedFolder' in target ? target.embeddedFolder : null
  const admin = folder === null || adminUrl !== undefined ? resolveAdmin(adminUrl) : null
  if (folder !== null) refuseEmbedded(folder, admin !== null)
  const { target: servers, stop } = await reach(target)
  try {
    const { connectTimeoutMs } = pool
    const report = await provision(await chooseServer(servers, admin, config), {
      admin,
      limits: { connectTimeoutMs, answerTimeoutMs: ANSWER_TIMEOUT_MS, commandTimeoutMs },
      onMigration: (name) => printNote(pc.dim(`up ${name}`)),
      onStep: (step) => isJson || printLine(formatStep(step)),
    })
    if (isJson) printJson(report)
    else for (const line of formatAdvice(report.steps)) printLine(line)
    process.exitCode = report.ok ? exitCodes.ok : exitCodes.failed
  } finally {
    await stop()
  }
  if (folder !== null) printNote(pc.dim(`The data stays in ${folder}; connect() or \`ashlar dev\` starts its server.`))
}

/** Of several hosts the administrator's, whom the application's own role, which may not be there yet, cannot ask. */
async function chooseServer(target: ServersTarget, admin: ServerTarget | null, config: Config): Promise<ServerTarget> {
  const same = target.servers.find(({ host, port }) => host === admin?.host && port === admin.port)
  return same ?? findWriter(target, config)
}

function refuseEmbedded(folder: string, hasAdmin: boolean): void {
  if (hasAdmin) {
    throw new ConfigError({
      field: '--admin-url',
      value: 'given',
      limit: 'left out: an embedded server has one role, and that may do everything',
    })
  }
  if (folder === 'temp') {
    throw new ConfigError({
      field: 'url',
      value: 'embedded:temp',
      limit: 'a database that stays; write embedded:./temp for a folder of that name',
    })
  }
}
