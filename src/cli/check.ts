import { checkServer } from '../check/check.js'
import { checkHosts } from '../check/hosts.js'
import { ANSWER_TIMEOUT_MS, type CheckStep, checkSteps } from '../check/report.js'
import { passedOver, type StepResult } from '../check/step.js'
import { type Config, resolveConfig, type ServersTarget } from '../config.js'
import { reach } from '../database.js'
import { isServed } from '../embedded/served.js'
import { type MigrationSource, sourcesOf } from '../migrate/source.js'
import type { Context } from './context.js'
import { exitCodes } from './failure.js'
import { printJson, printLine } from './output.js'
import { formatAdvice, formatStep } from './steps.js'

/** How long a name server may keep this process up after the report: a lookup cannot be called back. */
const LAST_WAIT_MS = 200

/** A check, of an embedded server or of several hosts with a step of its own before the others. */
interface Report {
  readonly ok: boolean
  readonly steps: readonly (CheckStep | StepResult<'embedded' | 'hosts', 'ok' | 'failed'>)[]
}

/** Checks the connection step by step; exits 1 when a step failed. */
export async function check({ url, isJson }: Context, project: string | null): Promise<void> {
  const report = await checkTarget(resolveConfig(url === undefined ? {} : { url }), sourcesOf(project))
  if (isJson) printJson(report)
  else for (const line of [...report.steps.map(formatStep), ...formatAdvice(report.steps)]) printLine(line)
  process.exitCode = report.ok ? exitCodes.ok : exitCodes.failed
  setTimeout(() => process.exit(), LAST_WAIT_MS).unref()
}

async function checkTarget(config: Config, sources: readonly MigrationSource[]): Promise<Report> {
  if (!('embeddedFolder' in config.target)) return checkWithin(config, config.target, sources)
  const folder = config.target.embeddedFolder
  // Starting a server, and making its folder, is not what one asks a check for.
  if (folder === 'temp' || !isServed(folder)) return unserved(folder)
  const { target, stop } = await reach(config.target)
  try {
    const { ok, steps } = await checkWithin(config, target, sources)
    return { ok, steps: [{ ...passedOver('embedded'), outcome: 'ok', details: { folder } }, ...steps] }
  } finally {
    await stop()
  }
}

async function checkWithin(
  { pool }: Config,
  target: ServersTarget,
  sources: readonly MigrationSource[],
): Promise<Report> {
  const limits = { connectTimeoutMs: pool.connectTimeoutMs, answerTimeoutMs: ANSWER_TIMEOUT_MS }
  const [only] = target.servers
  if (target.servers.length === 1 && only !== undefined) return checkServer(only, limits, sources)
  const { step, server } = await checkHosts(target, limits)
  if (server === null) return { ok: false, steps: [step, ...checkSteps.map((name) => passedOver(name))] }
  const { ok, steps } = await checkServer(server, limits, sources)
  return { ok, steps: [step, ...steps] }
}

function unserved(folder: string): Report {
  const step = passedOver(
    'embedded',
    folder === 'temp'
      ? 'embedded:temp is a new server for each connect(): there is nothing to check'
      : `no server is at work in ${folder}; connect() starts one there and stops it at close`,
  )
  const advice =
    folder === 'temp'
      ? 'name the folder of a server that is at work: embedded:FOLDER'
      : `\`ashlar dev ${folder}\` starts one that stays; then check again`
  return { ok: false, steps: [{ ...step, outcome: 'failed', advice }, ...checkSteps.map((name) => passedOver(name))] }
}
