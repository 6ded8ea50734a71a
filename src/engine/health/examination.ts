/** One look at the health: asks the server within a deadline, and keeps what was found by then. */

import { gatherRaw } from '../binding.js'
import type { Executor } from '../executor.js'
import type { Pool } from '../pool/pool.js'
import type { Session, TransactionalSession } from '../session.js'
import { rawStatement } from '../statement.js'
import type { TransactionOptions } from '../transaction-options.js'
import { probeBudget } from './budget-probe.js'
import { probeConnection, whyLate } from './connection-probe.js'
import type { HealthLimits } from './options.js'
import { probeReplication, seemsLate } from './replication-probe.js'
import type { Finding, HealthCheck } from './report.js'
import { type ServerReport, serverReport } from './server-report.js'
import { probeTransactions } from './transactions-probe.js'

/** After so long a standby that seemed late is looked at again, in ms. */
const SECOND_LOOK_MS = 100

/** A check of those who know the tables. */
export interface Probe {
  readonly name: string
  /** @throws whatever makes it fail */
  run(db: Pick<Executor, 'query'>): Promise<Finding>
}

/** What is looked at. */
export interface Patient {
  readonly pool: Pick<Pool, 'stats' | 'longestHolder' | 'monitor' | 'config'>
  readonly session: TransactionalSession
  readonly probes: readonly Probe[]
}

export class Examination {
  readonly #patient: Patient
  readonly #limits: HealthLimits
  readonly #findings = new Map<string, Finding>()
  #hadConnection = false
  #isOver = false

  constructor(patient: Patient, limits: HealthLimits) {
    this.#patient = patient
    this.#limits = limits
  }

  /** What comes too late is dropped: the report is written by then. */
  note(name: string, finding: Finding): void {
    if (!this.#isOver) this.#findings.set(name, finding)
  }

  /** Gives what was found, or says `why` it was not. */
  checkOf(name: string, why: string): HealthCheck {
    const isAnswered = name === 'connection' || this.#findings.has('connection')
    const { reason, details } = this.#findings.get(name) ?? {
      reason: isAnswered ? why : 'not known: the server was not asked',
      details: {},
    }
    return { name, ok: reason === null, reason, details }
  }

  /** Asks the server; resolves when that is done, has failed, or time is up. Gives the reason for what was not found. */
  async run(startedAt: number): Promise<string> {
    const { pool } = this.#patient
    const { deadlineMs } = this.#limits
    const controller = new AbortController()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => {
        this.#isOver = true
        resolve(whyLate(pool.stats(), { deadlineMs, hadConnection: this.#hadConnection }))
        controller.abort()
      }, deadlineMs)
    })
    try {
      return await Promise.race([this.#ask(startedAt, controller.signal), late])
    } finally {
      clearTimeout(timer)
    }
  }

  async #ask(startedAt: number, signal: AbortSignal): Promise<string> {
    const { session, probes } = this.#patient
    // One transaction, so that one connection does for all. The level is given: a serializable one could be aborted.
    const options: TransactionOptions = { isolation: 'read committed', readOnly: true, signal, retry: false }
    try {
      await session.transaction(async (tx) => {
        this.#hadConnection = true
        this.note('connection', await probeConnection(tx, startedAt))
        await this.#askServer(tx)
        for (const probe of probes) {
          await this.#try([probe.name], tx, async (scope) => this.note(probe.name, await probe.run(queriesOn(scope))))
        }
      }, options)
      return 'not done'
    } catch (error) {
      return messageOf(error)
    }
  }

  async #askServer(tx: TransactionalSession): Promise<void> {
    const { pool } = this.#patient
    const limits = this.#limits
    await this.#try(['budget', 'transactions', 'replication'], tx, async (scope) => {
      const report = await serverReport(scope, limits)
      this.note('budget', probeBudget(report, pool.stats(), !pool.config.preparedStatements))
      this.note('transactions', probeTransactions(report, limits))
      this.note('replication', probeReplication(await this.#secondLook(scope, report), limits))
    })
  }

  async #secondLook(session: Session, report: ServerReport): Promise<ServerReport> {
    if (!seemsLate(report, this.#limits)) return report
    await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS))
    return serverReport(session, this.#limits)
  }

  /** Runs a part whose failure must not hide what the others find: in a savepoint. */
  async #try(
    names: readonly string[],
    tx: TransactionalSession,
    work: (scope: TransactionalSession) => Promise<void>,
  ): Promise<void> {
    try {
      await tx.transaction(work)
    } catch (error) {
      for (const name of names)
        if (!this.#findings.has(name)) this.note(name, { reason: messageOf(error), details: {} })
    }
  }
}

function queriesOn(session: Session): Pick<Executor, 'query'> {
  return {
    async query<R>(text: string, values: readonly unknown[] = []) {
      return (await session.send(rawStatement(text), gatherRaw(values))).rows as R[]
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
