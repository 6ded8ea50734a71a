/** Spans and metrics of one pool's calls. Imports the API, so it is loaded only where they go somewhere. */

import {
  context,
  type MeterProvider,
  metrics,
  SpanKind,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import type { Observed } from '../monitor/monitor.js'
import type { Pool } from '../pool/pool.js'
import { CallAttributes } from './attributes.js'
import { Instruments } from './instruments.js'
import { ObservedCall } from './observed-call.js'
import { takePoolName } from './pool-name.js'

/** The name of the instrumentation. */
const SCOPE = 'ashlar'

/** What is registered with the API. */
export const registered = {
  tracers: (): TracerProvider => trace.getTracerProvider(),
  meters: (): MeterProvider => metrics.getMeterProvider(),
} as const

export class Telemetry {
  readonly #pool: Pool
  readonly #attributes: CallAttributes
  readonly #endListening: () => void
  #tracer: Tracer | null = null
  #meters: MeterProvider | null = null
  #instruments: Instruments | null = null

  constructor(pool: Pool) {
    this.#pool = pool
    this.#attributes = new CallAttributes(() => pool.server)
    this.#endListening = pool.monitor.events.listen((event) => this.#instruments?.tell(event))
  }

  /** Has spans and metrics go there from now on; null: nowhere. */
  use(tracers: TracerProvider | null, meters: MeterProvider | null): void {
    this.#tracer = tracers?.getTracer(SCOPE) ?? null
    if (meters === this.#meters) return
    this.#meters = meters
    this.#instruments?.end()
    this.#instruments = meters === null ? null : this.#instrumentsOf(meters)
    this.#pool.monitor.leases = this.#instruments
  }

  #instrumentsOf(meters: MeterProvider): Instruments {
    const name = takePoolName(meters, this.#pool.config.servers)
    const sizes = () => this.#pool.sizes()
    return new Instruments(meters.getMeter(SCOPE), name.text, sizes, () => name.giveBack())
  }

  begin(query: string, text: string | null): Observed {
    const attributes = this.#attributes.of(query, text)
    const tracer = this.#tracer
    const span =
      tracer === null ? null : tracer.startSpan(query, { kind: SpanKind.CLIENT, attributes }, context.active())
    return new ObservedCall(span, this.#instruments, attributes)
  }

  end(): void {
    this.use(null, null)
    this.#endListening()
  }
}
