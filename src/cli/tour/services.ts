/** Registers packages as services, and asks in which order they start and what goes down with one. */

import type { Database, LimitedDatabase } from '../../database.js'
import { DependencyCycleError, ValidationError } from '../../errors.js'
import { withoutCycles } from '../../registry/acyclic-edges.js'
import type { NewService } from '../../registry/service.js'
import type { NewServiceDependency } from '../../registry/service-dependency.js'
import type { PriorityCounts } from '../../registry/service-dependency-reach.js'
import { observe } from './observer.js'
import { readPackageGraph } from './package-graph.js'
import type { Answer } from './questions.js'

/** Most that one statement takes. */
const BATCH = 10_000
/** Names shown for each answer. */
const SHOWN = 5
/** Shortest name that is still like itself with a letter left out. */
const LONG_NAME = 4
/** Who imports, as the change log has it. */
const ACTOR = 'tour'

type Counts = Readonly<Record<'created' | 'updated' | 'unchanged', number>>
type Dependency = Required<NewServiceDependency>

/** What the import of services did. */
export interface ServiceReport {
  readonly services: Counts
  readonly dependencies: Counts
  /** Dependencies among the imported ones, by kind. */
  readonly required: number
  readonly optional: number
  /** Required ones that would close a cycle, and were made optional. */
  readonly loosened: number
  /** What the database says of one of them as required; of the opposite of another one where there is none. Null: there is no
   *  required one at all. */
  readonly refused: { readonly dependency: string; readonly message: string; readonly cycle: readonly string[] } | null
  readonly writeMs: number
}

/** Makes a service of each package, given by its folder, and a dependency of each that it needs. */
export async function importServices(db: Database, folder: string, paths: readonly string[]): Promise<ServiceReport> {
  const graph = await readPackageGraph(folder, paths)
  const startedAt = performance.now()
  const actor = db.as({ actorId: ACTOR })
  const { services, names } = await upsertAll(actor, graph.services)
  const known = graph.dependencies.filter(({ service, dependsOn }) => names.has(service) && names.has(dependsOn))
  const { dependencies, loosened } = loosen(known)
  const added = await addAll(actor, dependencies)
  const writeMs = Math.round(performance.now() - startedAt)
  const required = dependencies.filter(({ kind }) => kind === 'required')
  const [first] = required
  const tried = loosened[0] ?? (first && { service: first.dependsOn, dependsOn: first.service })
  return {
    services,
    dependencies: added,
    required: required.length,
    optional: dependencies.length - required.length,
    loosened: loosened.length,
    refused: tried === undefined ? null : await tryCycle(db, tried.service, tried.dependsOn),
    writeMs,
  }
}

/** Makes those required dependencies optional that would close a cycle. */
function loosen(given: readonly Dependency[]): { dependencies: Dependency[]; loosened: Dependency[] } {
  const numbers = new Map<string, number>()
  const numberOf = (name: string): number => {
    const number = numbers.get(name) ?? numbers.size
    numbers.set(name, number)
    return number
  }
  const edges = given
    .filter(({ kind }) => kind === 'required')
    .map((dependency) => ({ dependency, from: numberOf(dependency.service), to: numberOf(dependency.dependsOn) }))
  const dropped = new Set<unknown>(withoutCycles(numbers.size, [], edges).dropped)
  const loosened = new Set(edges.filter((edge) => dropped.has(edge)).map(({ dependency }) => dependency))
  return {
    dependencies: given.map((each) => (loosened.has(each) ? { ...each, kind: 'optional' } : each)),
    loosened: [...loosened],
  }
}

/** Upserts services; when one is refused, the others one by one. */
async function upsertAll(db: LimitedDatabase, services: readonly NewService[]) {
  const counts = { created: 0, updated: 0, unchanged: 0 }
  const names = new Set<string>()
  const upsert = async (some: readonly NewService[]): Promise<void> => {
    for (const { outcome } of await db.services.upsertMany(some)) counts[outcome] += 1
    for (const { name } of some) names.add(name)
  }
  for (let from = 0; from < services.length; from += BATCH) {
    const batch = services.slice(from, from + BATCH)
    try {
      await upsert(batch)
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error
      const refused = new Set(error.issues.map(({ path }) => Number(/^\[(\d+)\]/.exec(path)?.[1])))
      await upsert(batch.filter((_, index) => !refused.has(index)))
    }
  }
  return { services: counts, names }
}

async function addAll(db: LimitedDatabase, dependencies: readonly Dependency[]): Promise<Counts> {
  const counts = { created: 0, updated: 0, unchanged: 0 }
  for (let from = 0; from < dependencies.length; from += BATCH) {
    const added = await db.services.addDependencies(dependencies.slice(from, from + BATCH))
    for (const { outcome } of added) counts[outcome] += 1
  }
  return counts
}

/** @throws {Error} when it is not refused */
async function tryCycle(db: Database, service: string, dependsOn: string): Promise<ServiceReport['refused']> {
  try {
    await db.services.addDependency({ service, dependsOn })
  } catch (error) {
    if (!(error instanceof DependencyCycleError)) throw error
    const { name, message, cycle } = error
    return { dependency: `${service} requires ${dependsOn}`, message: `${name}: ${message}`, cycle }
  }
  throw new Error('the tour expected a refusal')
}

/** Asks what the registry is for. `mostNeeded` is a name that others depend on; it may be that of no package here. */
export async function askServices(db: Database, mostNeeded: string): Promise<Answer[]> {
  const { result: order, ...orderCost } = await observe(db, ({ services }) => services.startOrder())
  const [first, last] = [order.services[0], order.services.at(-1)]
  if (first === undefined || last === undefined) return []
  const popular = (await db.services.findByName(mostNeeded)) ?? first
  const { result: impact, ...impactCost } = await observe(db, ({ services }) => services.impact(popular.name))
  const { result: needed, ...neededCost } = await observe(db, ({ services }) =>
    services.dependencies(last.name, { transitive: true }),
  )
  const { result: chain, ...chainCost } = await observe(db, ({ services }) => longestChain(services, order.services))
  const sought = order.services.find(({ name }) => name.length >= LONG_NAME) ?? first
  const typo = withTypo(popular.name.length >= LONG_NAME ? popular.name : sought.name)
  const { result: found, ...foundCost } = await observe(db, ({ services }) => services.search(typo, { limit: SHOWN }))
  const { result: figures, ...figuresCost } = await observe(db, ({ services }) => services.statistics())
  const { result: history, ...historyCost } = await observe(db, ({ changes }) =>
    changes.history('registry.service', popular.serviceId),
  )
  const firstWave = order.services.filter(({ wave }) => wave === 1).map(({ name }) => name)
  const { broken, degraded } = impact
  const all = (counts: PriorityCounts): number => Object.values(counts).reduce((sum, count) => sum + count, 0)
  return [
    {
      question: 'in which order do all start',
      ...orderCost,
      rows: order.services.length,
      found: [
        `${order.waves} waves`,
        `${order.ignored.length} optional dependencies in cycles not waited for`,
        `first wave of ${firstWave.length}: ${shown(firstWave)}`,
      ],
    },
    {
      question: `what goes down with ${popular.name}`,
      ...impactCost,
      rows: broken.length + degraded.length,
      found: [
        `${all(impact.counts.broken)} break: ${shown(broken.map(({ name }) => name))}`,
        `${all(impact.counts.degraded)} lose something optional: ${shown(degraded.map(({ name }) => name))}`,
      ],
    },
    {
      question: 'what does the last to start need',
      ...neededCost,
      rows: needed.length,
      found: [`${last.name}: ${shown(needed.map(({ name }) => name))}`],
    },
    { question: 'longest chain, optional ones too', ...chainCost, rows: chain.length, found: [chain.join(' > ')] },
    {
      question: `search with a typo: ${typo}`,
      ...foundCost,
      rows: found.items.length,
      found: [shown(found.items.map(({ name }) => name))],
    },
    {
      question: 'figures of all',
      ...figuresCost,
      rows: figures.total,
      found: [
        `${figures.total} services, ${figures.required} of them required, ${figures.statuses.unknown} never checked`,
        `most frequent tags: ${shown(figures.tags.map(({ tag, count }) => `${tag} (${count})`))}`,
      ],
    },
    {
      question: `who changed ${popular.name}`,
      ...historyCost,
      rows: history.items.length,
      found: history.items
        .slice(0, SHOWN)
        .map(({ actor, action, columns }) => `${actor}: ${action} of ${shown(columns)}`),
    },
  ]
}

/** Walks down from what starts last, each time to what it waits for that is one wave before it. */
async function longestChain(
  services: Database['services'],
  steps: readonly { readonly name: string; readonly wave: number }[],
): Promise<string[]> {
  const waves = new Map(steps.map(({ name, wave }) => [name, wave]))
  const chain: string[] = []
  let name = steps.at(-1)?.name
  while (name !== undefined) {
    chain.push(name)
    const before: number = (waves.get(name) ?? 0) - 1
    name = (await services.dependencies(name)).find((needed) => waves.get(needed.name) === before)?.name
  }
  return chain
}

/** Leaves out the letter in the middle. */
function withTypo(name: string): string {
  const middle = Math.floor(name.length / 2)
  return name.slice(0, middle) + name.slice(middle + 1)
}

function shown(names: readonly string[]): string {
  const more = names.length > SHOWN ? `, ... ${names.length - SHOWN} more` : ''
  return names.length === 0 ? 'none' : `${names.slice(0, SHOWN).join(', ')}${more}`
}
