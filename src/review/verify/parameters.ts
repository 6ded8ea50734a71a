/** Checks of what a query takes. */

import type { ManifestQuery } from '../../generate/manifest-file.js'
import type { CheckContext } from './check-query.js'
import type { Suspicion } from './finding.js'
import { parameterChange } from './type-change.js'

/** Compares the types of a query's parameters with those that they had, and the values of their enums. */
export function checkParameters(
  context: CheckContext,
  query: ManifestQuery,
  now: ReadonlyMap<string, number>,
): readonly Suspicion[] {
  const { before, now: current, typeName } = context
  return Object.entries(query.parameterTypes).flatMap(([name, was]) => {
    const oid = now.get(name)
    // Stands in no variant that prepares.
    if (oid === undefined) return []
    const is = typeName(oid)
    const [labelsBefore, labelsNow] = [labelsOf(before.enums, was), labelsOf(current.enums, is)]
    if (labelsBefore !== null && labelsNow !== null && was.endsWith('[]') === is.endsWith('[]')) {
      const gone = labelsBefore.filter((label) => !labelsNow.includes(label))
      return gone.length === 0 ? [] : [enumValuesGone(query, name, is.replace(/(\[\])+$/, ''), gone)]
    }
    const severity = parameterChange(was, is)
    if (severity === null) return []
    const suspicion: Suspicion = {
      rule: 'parameter-type',
      severity,
      file: query.file,
      subject: query.name,
      queries: [query.name],
      message: `takes ${name} as ${is} now, and the previous release sends it as ${was}`,
      advice:
        severity === 'breaks'
          ? 'keep the old type beside the new one until no process of the previous release runs'
          : 'see that the values that the previous release sends are right for the new type',
      change: null,
      words: [snakeOf(name), is],
    }
    return [suspicion]
  })
}

function labelsOf(enums: Readonly<Record<string, readonly string[]>>, type: string): readonly string[] | null {
  return enums[type.replace(/(\[\])+$/, '')] ?? null
}

/** A parameter is often called as its column is. */
function snakeOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function enumValuesGone(query: ManifestQuery, name: string, type: string, gone: readonly string[]): Suspicion {
  const values = gone.map((label) => `'${label}'`).join(', ')
  return {
    rule: 'enum-value',
    severity: 'breaks',
    file: query.file,
    subject: query.name,
    queries: [query.name],
    message: `takes ${name} of ${type}, which has no ${values} any more: calls with that fail`,
    advice: 'keep the value until no process of the previous release runs; when it gets another name, add that first',
    change: type,
    words: [...gone, type.split('.').at(-1) ?? type],
  }
}
