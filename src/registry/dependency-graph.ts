/** Graphs of dependencies: nodes are numbers from 0, and an edge goes from what needs to what is needed. All in time linear to
 *  the edges; nothing recurses, however long a chain is. */

/** `from` needs `to`. */
export interface Edge {
  readonly from: number
  readonly to: number
}

/** Gives for each node what it needs. */
export function neighbours(size: number, edges: readonly Edge[]): number[][] {
  const needs: number[][] = Array.from({ length: size }, () => [])
  for (const { from, to } of edges) needs[from]?.push(to)
  return needs
}

/** Gives for each node its wave, from 0: one more than the last of what it needs; -1 for nodes in a cycle, and for what needs
 *  them. */
export function wavesOf(size: number, edges: readonly Edge[]): number[] {
  const open = new Int32Array(size)
  const neededBy: number[][] = Array.from({ length: size }, () => [])
  for (const { from, to } of edges) {
    neededBy[to]?.push(from)
    open[from] = (open[from] as number) + 1
  }
  const waves: number[] = new Array(size).fill(-1)
  let wave = Array.from(open.keys()).filter((node) => open[node] === 0)
  for (let number = 0; wave.length > 0; number += 1) {
    const next: number[] = []
    for (const node of wave) {
      waves[node] = number
      for (const from of neededBy[node] ?? []) {
        open[from] = (open[from] as number) - 1
        if (open[from] === 0) next.push(from)
      }
    }
    wave = next
  }
  return waves
}

/** Finds a cycle, each node of which needs the next, and the last the first; null when there is none. */
export function findCycle(size: number, edges: readonly Edge[]): number[] | null {
  const waves = wavesOf(size, edges)
  const start = waves.indexOf(-1)
  if (start === -1) return null
  // Each node without a wave needs another such, so that to go on and on comes back to one that was seen.
  const needs = neighbours(size, edges)
  const places = new Map<number, number>()
  const way: number[] = []
  let node = start
  while (!places.has(node)) {
    places.set(node, way.length)
    way.push(node)
    node = needs[node]?.find((to) => waves[to] === -1) as number
  }
  return way.slice(places.get(node))
}

/** Gives for each node the number of its strongly connected component: two nodes have the same if and only if each can be
 *  reached from the other (Tarjan). */
export function componentsOf(size: number, edges: readonly Edge[]): number[] {
  const needs = neighbours(size, edges)
  const components: number[] = new Array(size).fill(-1)
  const seen: number[] = new Array(size).fill(-1)
  const lowest: number[] = new Array(size).fill(0)
  const next = new Int32Array(size)
  const open: number[] = []
  const way: number[] = []
  let count = 0
  let found = 0
  for (let root = 0; root < size; root += 1) {
    if (seen[root] !== -1) continue
    way.push(root)
    while (way.length > 0) {
      const node = way.at(-1) as number
      if (seen[node] === -1) {
        seen[node] = count
        lowest[node] = count
        count += 1
        open.push(node)
      }
      const to = needs[node]?.[next[node] as number]
      if (to !== undefined) {
        next[node] = (next[node] as number) + 1
        if (seen[to] === -1) way.push(to)
        else if (components[to] === -1) lowest[node] = Math.min(lowest[node] as number, seen[to] as number)
        continue
      }
      way.pop()
      const before = way.at(-1)
      if (before !== undefined) lowest[before] = Math.min(lowest[before] as number, lowest[node] as number)
      if (lowest[node] !== seen[node]) continue
      for (let member = -1; member !== node; ) {
        member = open.pop() as number
        components[member] = found
      }
      found += 1
    }
  }
  return components
}
