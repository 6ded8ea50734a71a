/** One call as OpenTelemetry sees it: its span, and its place in the histogram. */

import { type Attributes, context, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import { DataAccessError } from '../../errors.js'
import type { Happening } from '../monitor/event.js'
import type { Observed } from '../monitor/monitor.js'
import { failureAttributes } from './attributes.js'
import type { Instruments } from './instruments.js'

export class ObservedCall implements Observed {
  readonly #span: Span | null
  readonly #instruments: Instruments | null
  readonly #attributes: Attributes

  constructor(span: Span | null, instruments: Instruments | null, attributes: Attributes) {
    this.#span = span
    this.#instruments = instruments
    this.#attributes = attributes
  }

  note(happening: Happening): void {
    if (this.#span?.isRecording()) this.#span.addEvent(happening.type, detailsOf(happening))
  }

  run<T>(work: () => T): T {
    return this.#span === null ? work() : context.with(trace.setSpan(context.active(), this.#span), work)
  }

  end(error: unknown, durationMs: number): void {
    const span = this.#span
    if (error === null) {
      this.#instruments?.called(durationMs, this.#attributes)
    } else {
      const failure = failureAttributes(error)
      this.#instruments?.called(durationMs, { ...this.#attributes, ...failure })
      if (span?.isRecording()) {
        span.setAttributes(failure)
        // What others throw may say anything: messages of ashlar's hold no value.
        const message = error instanceof DataAccessError ? { message: error.message } : {}
        span.setStatus({ code: SpanStatusCode.ERROR, ...message })
      }
    }
    span?.end()
  }
}

function detailsOf(happening: Happening): Attributes {
  if (happening.type === 'retry') {
    return {
      'ashlar.retry.attempt': happening.attempt,
      'ashlar.retry.delay_ms': happening.delayMs,
      'ashlar.retry.reason': happening.reason,
    }
  }
  return 'reason' in happening ? { 'ashlar.reason': happening.reason } : {}
}
