/** Walks through parse trees of libpg-query. */

/** A node's fields. */
export type Node = Readonly<Record<string, unknown>>

/** Tells whether a value is a node: neither a list nor a scalar. */
function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Gives a value as a list of nodes; what is absent is empty. */
export function nodeList(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.filter((item): item is Node => isNode(item)) : []
}

/** Gives a field that is a node, or null. */
export function field(node: Node, name: string): Node | null {
  const value = node[name]
  return isNode(value) ? value : null
}

/** Visits each node with the key it stands under, outer ones first; not into what `visit` gives false for. */
export function walk(value: unknown, visit: (key: string, node: Node) => boolean | undefined, key = ''): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit, key)
  } else if (isNode(value)) {
    if (visit(key, value) === false) return
    for (const [name, child] of Object.entries(value)) walk(child, visit, name)
  }
}

/** Gives the nodes that have a field, at any depth, outer ones first. The arms of a UNION stand under no name of a kind. */
export function nodesWith(tree: unknown, name: string): readonly Node[] {
  const found: Node[] = []
  walk(tree, (_, node) => {
    if (node[name] !== undefined) found.push(node)
    return true
  })
  return found
}

/** Gives the fields of all nodes of a kind, at any depth, outer ones first. */
export function nodesNamed(tree: unknown, kind: string): readonly Node[] {
  return nodesWith(tree, kind)
    .map((node) => field(node, kind))
    .filter((node) => node !== null)
}

/** Gives the least location within a node: where its text begins, in bytes. */
export function locationOf(tree: unknown): number | undefined {
  return extentOf(tree)?.[0]
}

/** Gives the least and the greatest location within a node, in bytes. */
export function extentOf(tree: unknown): readonly [least: number, greatest: number] | undefined {
  let least = Number.POSITIVE_INFINITY
  let greatest = -1
  walk(tree, (_, { location }) => {
    if (typeof location === 'number' && location >= 0) {
      least = Math.min(least, location)
      greatest = Math.max(greatest, location)
    }
    return true
  })
  return greatest < 0 ? undefined : [least, greatest]
}

/** Gives the parts of a list of name parts; null for a star. */
export function namesIn(list: unknown): readonly (string | null)[] {
  return nodeList(list).map((part) => {
    const text = field(part, 'String')
    return text === null ? null : ((text.sval as string | undefined) ?? '')
  })
}

/** Gives the last of a list of name parts: a function's or an operator's name without its schema. */
export function lastName(list: unknown): string {
  return namesIn(list).at(-1) ?? ''
}

/** Writes a node as text that is the same for all nodes that say the same, wherever they stand. */
export function shapeOf(node: unknown): string {
  return JSON.stringify(node, (key, value) => (key === 'location' || key === 'stmt_len' ? undefined : value))
}
