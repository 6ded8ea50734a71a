import pc from 'picocolors'
import type { HealthReport } from '../engine/health/report.js'
import type { EngineEvent } from '../engine/monitor/event.js'
import { plainText } from './output.js'

/** Writes a report as lines: the verdict, each check, and what happened last when something is wrong. */
export function formatHealth({ status, durationMs, checks, recent }: HealthReport): string[] {
  const color = { healthy: pc.green, degraded: pc.yellow, unhealthy: pc.red }[status]
  const lines = checks.map(({ name, ok, reason, details }) => {
    const text = [reason, facts(details)].filter((part) => part !== null && part !== '').join(', ')
    return `  ${ok ? pc.green('ok  ') : pc.red('FAIL')} ${name.padEnd(12)} ${plainText(text)}`.trimEnd()
  })
  return [
    `${color(status)} (checked in ${durationMs} ms)`,
    ...lines,
    ...(recent.length === 0 ? [] : ['what happened last', ...recent.map(formatEvent)]),
  ]
}

function formatEvent({ at, type, ...rest }: EngineEvent): string {
  return `  ${at.toISOString()} ${type.padEnd(17)} ${plainText(facts(rest))}`.trimEnd()
}

/** What was not measured, or is not so, is left out for people. */
function facts(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== null && value !== false)
    .map(([key, value]) => (value === true ? key : `${key} ${String(value)}`))
    .join(', ')
}
