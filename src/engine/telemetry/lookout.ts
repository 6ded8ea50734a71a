/** Looks out for an OpenTelemetry SDK. The API is loaded when there is one and not before: it takes as long as connecting. */

import type { MeterProvider, TracerProvider } from '@opentelemetry/api'
import type { Observed, Observer } from '../monitor/monitor.js'
import type { Pool } from '../pool/pool.js'
import type { Telemetry } from './telemetry.js'
import type { TelemetryOptions } from './telemetry-options.js'

/** How often it is looked whether an SDK was registered, or another one, in ms. */
const LOOK_MS = 100

/** Where all copies of the API in a process keep what is registered; absent until something is. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1')

/** What is registered, as far as it matters here: compared, and asked for by the API itself. */
interface Registry {
  readonly trace?: unknown
  readonly metrics?: unknown
}

export class Lookout implements Observer {
  readonly #pool: Pool
  readonly #given: TelemetryOptions
  #telemetry: Telemetry | null = null
  /** Whether anything takes spans or metrics. */
  #isOn = false
  #trace: unknown
  #metrics: unknown
  #nextLookAt = 0
  #isEnded = false

  constructor(pool: Pool, given: TelemetryOptions) {
    this.#pool = pool
    this.#given = given
  }

  begin(query: string, now: number, text: string | null): Observed | null {
    if (now >= this.#nextLookAt) void this.#look(now)
    return this.#isOn && this.#telemetry !== null ? this.#telemetry.begin(query, text) : null
  }

  /** Looks for the first time; resolves when what is there is in use. */
  async start(): Promise<void> {
    const { tracerProvider, meterProvider } = this.#given
    if (tracerProvider !== undefined || meterProvider !== undefined) await this.#take()
    await this.#look(performance.now())
  }

  end(): void {
    this.#isEnded = true
    this.#isOn = false
    this.#telemetry?.end()
  }

  async #look(now: number): Promise<void> {
    this.#nextLookAt = now + LOOK_MS
    const { trace, metrics } = (globalThis as unknown as Record<symbol, Registry | undefined>)[REGISTRY] ?? {}
    if (trace === this.#trace && metrics === this.#metrics) return
    this.#trace = trace
    this.#metrics = metrics
    await this.#take()
  }

  async #take(): Promise<void> {
    try {
      const { Telemetry, registered } = await import('./telemetry.js')
      if (this.#isEnded) return
      this.#telemetry ??= new Telemetry(this.#pool)
      const tracers: TracerProvider | null =
        this.#given.tracerProvider ?? (this.#trace === undefined ? null : registered.tracers())
      const meters: MeterProvider | null =
        this.#given.meterProvider ?? (this.#metrics === undefined ? null : registered.meters())
      this.#isOn = tracers !== null || meters !== null
      this.#telemetry.use(tracers, meters)
    } catch (error) {
      // What observes the calls must not become their failure.
      this.#isOn = false
      const reason = error instanceof Error ? error.name : typeof error
      process.emitWarning(`ashlar does without telemetry: OpenTelemetry threw (${reason})`, 'AshlarWarning')
    }
  }
}
