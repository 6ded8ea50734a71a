/** Spans, metrics and log lines of a handle under fault, all of them searched for canaries. */

import { BasicTracerProvider, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { ConnectOptions } from '../../src/config.js'
import { createSdk } from '../fixtures/telemetry.js'
import type { CanaryWatch } from './canary.js'

/** What a handle is connected with to be watched. */
export interface Watched {
  readonly options: Pick<ConnectOptions, 'telemetry' | 'logger' | 'logLevel'>
  /** Searches the metrics. */
  end(): Promise<void>
}

export function watched(canary: CanaryWatch): Watched {
  const { meterProvider, collect } = createSdk()
  const exporter = {
    export(spans: readonly ReadableSpan[], done: (result: { code: number }) => void): void {
      // Without what the SDK has of its own: the resource is the same for all.
      for (const { name, attributes, events, status } of spans)
        canary.search('span', { name, attributes, events, status })
      done({ code: 0 })
    },
    async shutdown() {},
  }
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const log = (fields: object, message: string): void => canary.search('log line', { ...fields, message })
  return {
    options: {
      telemetry: { tracerProvider, meterProvider },
      logger: { debug: log, info: log, warn: log, error: log },
      logLevel: 'debug',
    },
    async end() {
      for (const metric of await collect()) canary.search('metric', metric)
    },
  }
}
