/** Plans as EXPLAIN (VERBOSE, FORMAT JSON) gives them, and how to go through them. */

/** A node of a plan; only what reviews read. */
export interface PlanNode {
  readonly 'Node Type': string
  readonly 'Parent Relationship'?: string
  readonly 'Subplan Name'?: string
  readonly Schema?: string
  readonly 'Relation Name'?: string
  readonly Alias?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly Filter?: string
  readonly 'Join Filter'?: string
  readonly 'Hash Cond'?: string
  readonly 'Merge Cond'?: string
  readonly 'Sort Key'?: readonly string[]
  readonly Strategy?: string
  readonly Output?: readonly string[]
  readonly Plans?: readonly PlanNode[]
}

/** A node with those above it, the nearest first. */
export interface Placed {
  readonly node: PlanNode
  readonly above: readonly PlanNode[]
}

/** Gives all nodes of a plan, from the top. */
export function nodesOf(node: PlanNode, above: readonly PlanNode[] = []): readonly Placed[] {
  return [{ node, above }, ...(node.Plans ?? []).flatMap((child) => nodesOf(child, [node, ...above]))]
}

/** The nodes whose rows are rows of the node above, and not the values of a sub-select. */
export function inputsOf(node: PlanNode): readonly PlanNode[] {
  return (node.Plans ?? []).filter(({ 'Parent Relationship': relation }) => !/^(Init|Sub)Plan$/.test(relation ?? ''))
}

/** Tells whether a node reads a table's rows (the nodes below a Bitmap Heap Scan read only the index). */
export function isTableScan(node: PlanNode): boolean {
  return node['Relation Name'] !== undefined && node['Node Type'] !== 'ModifyTable'
}

/** Gives the nodes by which a table scan uses indexes: itself, or what stands below its bitmap. */
export function indexScansOf(scan: PlanNode): readonly Placed[] {
  const isBitmap = scan['Node Type'] === 'Bitmap Heap Scan'
  return nodesOf(scan).filter(({ node }) => node['Index Name'] !== undefined && (isBitmap || node === scan))
}

/** Tells whether an index finds but some of the rows: others stand for the other sides of an OR. */
export function isAlternative({ above }: Placed): boolean {
  const heap = above.findIndex((node) => node['Node Type'] === 'Bitmap Heap Scan')
  return above.slice(0, Math.max(heap, 0)).some((node) => node['Node Type'] === 'BitmapOr')
}

/** Gives the first table, function or other source that a node reads its rows from: of a join its outer side. */
export function drivingNode(node: PlanNode): PlanNode {
  const [first] = inputsOf(node)
  return first === undefined || isTableScan(node) ? node : drivingNode(first)
}
