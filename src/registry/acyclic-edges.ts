/** Rids a graph of its cycles. */

import { componentsOf, type Edge, neighbours, wavesOf } from './dependency-graph.js'

/** Splits loose edges into those kept beside the firm ones, which have no cycle, and those dropped, each of which would close
 *  a cycle with firm and kept ones. Of the edges of a cycle the earlier are kept. */
export function withoutCycles(
  size: number,
  firm: readonly Edge[],
  loose: readonly Edge[],
): { readonly kept: Edge[]; readonly dropped: Edge[] } {
  const components = componentsOf(size, [...firm, ...loose])
  const isHarmless = ({ from, to }: Edge): boolean => components[from] !== components[to]
  const kept = loose.filter(isHarmless)
  const dropped: Edge[] = []
  const doubtful = loose.filter((edge) => !isHarmless(edge))
  if (doubtful.length === 0) return { kept, dropped }
  const order = new OpenOrder(size, [...firm, ...kept])
  for (const edge of doubtful) (order.add(edge) ? kept : dropped).push(edge)
  return { kept, dropped }
}

/** An order of nodes, each behind what it needs, that takes further edges (Pearce and Kelly, "A dynamic topological sort
 *  algorithm for directed acyclic graphs", 2006): an edge costs what lies between its ends, and most cost nothing. */
class OpenOrder {
  readonly #needs: number[][]
  readonly #neededBy: number[][]
  /** The place of each node. */
  readonly #places: number[]

  /** `edges` have no cycle. */
  constructor(size: number, edges: readonly Edge[]) {
    this.#needs = neighbours(size, edges)
    this.#neededBy = neighbours(
      size,
      edges.map(({ from, to }) => ({ from: to, to: from })),
    )
    const waves = wavesOf(size, edges)
    this.#places = new Array(size).fill(0)
    const ordered = [...waves.keys()].sort((one, other) => (waves[one] as number) - (waves[other] as number))
    for (const [place, node] of ordered.entries()) this.#places[node] = place
  }

  /** Adds an edge, unless it would close a cycle: then it gives false, and nothing has changed. */
  add({ from, to }: Edge): boolean {
    if (from === to) return false
    const [first, last] = [this.#placeOf(from), this.#placeOf(to)]
    if (last > first) {
      const behind = this.#reach(from, this.#neededBy, (place) => place <= last)
      if (behind.has(to)) return false
      const before = this.#reach(to, this.#needs, (place) => place >= first)
      this.#rearrange([...this.#inOrder(before), ...this.#inOrder(behind)])
    }
    this.#needs[from]?.push(to)
    this.#neededBy[to]?.push(from)
    return true
  }

  #placeOf(node: number): number {
    return this.#places[node] as number
  }

  #reach(start: number, edges: readonly (readonly number[])[], isWithin: (place: number) => boolean): Set<number> {
    // A set is walked in the order of insertion, and what is added on the way is walked, too.
    const reached = new Set([start])
    for (const node of reached) {
      for (const next of edges[node] ?? []) if (isWithin(this.#placeOf(next))) reached.add(next)
    }
    return reached
  }

  #inOrder(nodes: Iterable<number>): number[] {
    return [...nodes].sort((one, other) => this.#placeOf(one) - this.#placeOf(other))
  }

  /** Puts nodes, in the order given, at the places that they have among them. */
  #rearrange(nodes: readonly number[]): void {
    const places = nodes.map((node) => this.#placeOf(node)).sort((one, other) => one - other)
    for (const [index, node] of nodes.entries()) this.#places[node] = places[index] as number
  }
}
