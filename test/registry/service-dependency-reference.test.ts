/** Random graphs against a naive reference in plain JavaScript. */

import fc from 'fast-check'
import t from 'tap'
import { DependencyCycleError } from '../../src/errors.js'
import { withoutCycles } from '../../src/registry/acyclic-edges.js'
import { componentsOf, type Edge, findCycle } from '../../src/registry/dependency-graph.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { clearServices, insertServices } from '../fixtures/service-rows.js'

const db = await connectTestDatabase(t)
const { services } = db
const SIZE = 8
const names = Array.from({ length: SIZE }, (_, index) => `service ${index}`)
const kinds = ['required', 'optional'] as const

interface Graph {
  readonly edges: readonly { from: number; to: number; kind: 'required' | 'optional' }[]
  readonly deleted: readonly number[]
  readonly disabled: readonly number[]
}

const node = fc.nat({ max: SIZE - 1 })
const graph: fc.Arbitrary<Graph> = fc.record({
  edges: fc.uniqueArray(
    fc.record({ from: node, to: node, kind: fc.constantFrom(...kinds) }).filter(({ from, to }) => from !== to),
    { maxLength: 20, selector: ({ from, to }) => `${from} ${to}` },
  ),
  deleted: fc.uniqueArray(node, { maxLength: 2 }),
  disabled: fc.uniqueArray(node, { maxLength: 2 }),
})

/** Distances from a node by one way of walking at a time; a node that `isClosed` is not there. */
function distances(start: number, next: (node: number) => number[], isClosed: (node: number) => boolean) {
  const found = new Map<number, number>()
  let level = [start]
  for (let depth = 1; level.length > 0; depth += 1) {
    const reached = new Set(level.flatMap(next).filter((to) => to !== start && !found.has(to) && !isClosed(to)))
    for (const to of reached) found.set(to, depth)
    level = [...reached]
  }
  return found
}

function hasCycle(edges: readonly Edge[]): boolean {
  const next = (node: number) => edges.filter(({ from }) => from === node).map(({ to }) => to)
  return edges.some(({ from, to }) => from === to || distances(to, next, () => false).has(from))
}

function toText(reached: ReadonlyMap<number, number>): string[] {
  return [...reached]
    .sort(([one, depth], [other, otherDepth]) => depth - otherDepth || one - other)
    .map(([node, depth]) => `${names[node]} ${depth}`)
}

/** Writes a graph, and gives the edges that the database took: one after the other, as required ones may close a cycle. */
async function write({ edges, deleted, disabled }: Graph) {
  await clearServices(db)
  await insertServices(db, names)
  const taken: Graph['edges'][number][] = []
  for (const edge of edges) {
    const dependency = { service: names[edge.from] ?? '', dependsOn: names[edge.to] ?? '', kind: edge.kind }
    try {
      await services.addDependency(dependency)
      taken.push(edge)
    } catch (error) {
      if (!(error instanceof DependencyCycleError)) throw error
      const required = [...taken, edge].filter(({ kind }) => kind === 'required')
      const members = error.cycle.map((name) => names.indexOf(name))
      const isCycle = members.every((from, index) =>
        required.some((each) => each.from === from && each.to === members[(index + 1) % members.length]),
      )
      if (!isCycle) throw error
    }
    if (hasCycle(taken.filter(({ kind }) => kind === 'required'))) throw new Error('a cycle was let in')
  }
  const pick = (nodes: readonly number[]) => [nodes.map((each) => names[each])]
  await db.query('UPDATE registry.service SET deleted_at = now() WHERE name = ANY($1)', pick(deleted))
  await db.query('UPDATE registry.service SET is_active = false WHERE name = ANY($1)', pick(disabled))
  return taken
}

t.test('any graph', async (t) => {
  t.test('is refused exactly what would close a cycle, and answers as the reference does', async () => {
    await fc.assert(
      fc.asyncProperty(graph, async (given) => {
        const taken = await write(given)
        const required = given.edges.filter(({ kind }) => kind === 'required')
        if (!hasCycle(required) && taken.length < given.edges.length) throw new Error('no cycle, and refused')
        const isDeleted = (each: number) => given.deleted.includes(each)
        const isOut = (each: number) => isDeleted(each) || given.disabled.includes(each)
        const down = (kind?: string) => (each: number) =>
          taken.filter((edge) => edge.from === each && (kind ?? edge.kind) === edge.kind).map(({ to }) => to)
        const up = (kind?: string) => (each: number) =>
          taken.filter((edge) => edge.to === each && (kind ?? edge.kind) === edge.kind).map(({ from }) => from)
        const ask = async (index: number, name: string) => {
          if (isDeleted(index)) return
          for (const kind of [undefined, ...kinds]) {
            const options = { transitive: true, ...(kind && { kind }) }
            same(await services.dependencies(name, options), distances(index, down(kind), isDeleted))
            same(await services.dependents(name, options), distances(index, up(kind), isDeleted))
          }
          const broken = distances(index, up('required'), isOut)
          const degraded = new Map<number, number>()
          for (const [each, depth] of [[index, 0] as const, ...broken]) {
            for (const from of up('optional')(each)) {
              if (from === index || broken.has(from) || isOut(from)) continue
              degraded.set(from, Math.min(degraded.get(from) ?? SIZE, depth + 1))
            }
          }
          const impact = await services.impact(name)
          same(impact.broken, broken)
          same(impact.degraded, degraded)
        }
        await Promise.all(names.map((name, index) => ask(index, name)))
        await checkOrder(taken, isOut)
      }),
      // A failure is not made smaller for longer than a test may take.
      { numRuns: 15, interruptAfterTimeLimit: 15_000, markInterruptAsFailure: false },
    )
  })
})

function same(rows: readonly { readonly name: string; readonly depth: number }[], expected: Map<number, number>) {
  const got = JSON.stringify(rows.map(({ name, depth }) => `${name} ${depth}`))
  if (got !== JSON.stringify(toText(expected))) throw new Error(`${got} instead of ${JSON.stringify(toText(expected))}`)
}

async function checkOrder(taken: Graph['edges'], isOut: (node: number) => boolean): Promise<void> {
  const { services: steps, ignored } = await services.startOrder()
  const started = names.filter((_, index) => !isOut(index)).sort()
  if (JSON.stringify(steps.map(({ name }) => name).sort()) !== JSON.stringify(started)) throw new Error('not all')
  const isIgnored = ({ from, to }: Edge) =>
    ignored.some(({ service, dependsOn }) => service === names[from] && dependsOn === names[to])
  const inUse = taken.filter(({ from, to }) => !isOut(from) && !isOut(to))
  const waited = inUse.filter((edge) => !isIgnored(edge))
  // The longest way down, the slow way.
  const waveOf = (node: number): number =>
    1 + Math.max(0, ...waited.filter(({ from }) => from === node).map(({ to }) => waveOf(to)))
  for (const { name, wave } of steps) if (wave !== waveOf(names.indexOf(name))) throw new Error(`${name} in ${wave}`)
  for (const edge of inUse.filter(isIgnored)) {
    if (edge.kind === 'required' || !hasCycle([...waited, edge])) throw new Error('left out without need')
  }
}

t.test('withoutCycles', async (t) => {
  const edges = fc.array(fc.record({ from: node, to: node }), { maxLength: 30 })

  t.test('keeps as much as it can, of firm edges all', async () => {
    fc.assert(
      fc.property(edges, edges, (some, loose) => {
        const firm = some.filter(({ from, to }) => from < to)
        const { kept, dropped } = withoutCycles(SIZE, firm, loose)
        if (kept.length + dropped.length !== loose.length || hasCycle([...firm, ...kept])) return false
        return dropped.every((edge) => hasCycle([...firm, ...kept, edge]))
      }),
      { numRuns: 1_000 },
    )
  })

  t.test('takes long rows and many cycles', async (t) => {
    const size = 20_000
    const row = Array.from({ length: size - 1 }, (_, from) => ({ from, to: from + 1 }))
    t.equal(findCycle(size, row), null)
    t.equal(findCycle(size, [...row, { from: size - 1, to: 0 }])?.length, size)
    const back = row.map(({ from, to }) => ({ from: to, to: from }))
    t.equal(withoutCycles(size, row, back).dropped.length, size - 1)
  })
})

t.test('findCycle', async (t) => {
  const edges = fc.array(fc.record({ from: node, to: node }), { maxLength: 14 })

  t.test('finds one where there is one, each node needing the next', async () => {
    fc.assert(
      fc.property(edges, (given) => {
        const cycle = findCycle(SIZE, given)
        if (cycle === null) return !hasCycle(given)
        const isEdge = (from: number, to: number | undefined) =>
          given.some((edge) => edge.from === from && edge.to === to)
        return cycle.every((from, index) => isEdge(from, cycle[(index + 1) % cycle.length]))
      }),
      { numRuns: 1_000 },
    )
  })

  t.test('knows components by what can be reached', async () => {
    fc.assert(
      fc.property(edges, (given) => {
        const components = componentsOf(SIZE, given)
        const next = (each: number) => given.filter(({ from }) => from === each).map(({ to }) => to)
        const reached = names.map((_, index) => distances(index, next, () => false))
        return names.every((_, one) =>
          names.every((_, other) => {
            const isMutual = one === other || (reached[one]?.has(other) === true && reached[other]?.has(one) === true)
            return isMutual === (components[one] === components[other])
          }),
        )
      }),
      { numRuns: 300 },
    )
  })
})
