/** What a program may say of telemetry. */

import type { MeterProvider, TracerProvider } from '@opentelemetry/api'

/** Where spans and metrics go. What is left out is what is registered with `@opentelemetry/api`, if anything is. */
export interface TelemetryOptions {
  readonly tracerProvider?: TracerProvider
  readonly meterProvider?: MeterProvider
}
