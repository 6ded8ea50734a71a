/** What columns a statement writes, told from its parse tree. */

type Node = Readonly<Record<string, unknown>>

/** One INSERT or UPDATE within a statement. */
export interface Write {
  readonly kind: 'insert' | 'update'
  /** With its schema, where the statement gives one. */
  readonly table: string
  /** What it gives values to; a number: so many columns from the first. */
  readonly columns: readonly string[] | number
}

/** Finds every INSERT and UPDATE, also in a WITH and behind ON CONFLICT. MERGE counts as what its actions are.
 *  @param tree what libpg-query's `parse` gives */
export function writesOf(tree: unknown): readonly Write[] {
  const found: Write[] = []
  collect(tree, (write) => found.push(write))
  return found
}

function collect(value: unknown, add: (write: Write) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, add)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      if (key === 'InsertStmt') addInsert(child as Node, add)
      else if (key === 'UpdateStmt') addUpdate(child as Node, add)
      else if (key === 'MergeStmt') addMerge(child as Node, add)
      collect(child, add)
    }
  }
}

function addInsert(node: Node, add: (write: Write) => void): void {
  const table = nameOf(node.relation as Relation)
  add({ kind: 'insert', table, columns: node.cols === undefined ? widthOf(node.selectStmt) : targets(node.cols) })
  const onConflict = node.onConflictClause as Node | undefined
  if (onConflict?.targetList !== undefined) add({ kind: 'update', table, columns: targets(onConflict.targetList) })
}

function addUpdate(node: Node, add: (write: Write) => void): void {
  add({ kind: 'update', table: nameOf(node.relation as Relation), columns: targets(node.targetList) })
}

function addMerge(node: Node, add: (write: Write) => void): void {
  const table = nameOf(node.relation as Relation)
  for (const { MergeWhenClause: action = {} } of (node.mergeWhenClauses ?? []) as readonly {
    MergeWhenClause?: Node
  }[]) {
    if (action.commandType === 'CMD_UPDATE') add({ kind: 'update', table, columns: targets(action.targetList) })
    if (action.commandType !== 'CMD_INSERT') continue
    const values = action.values as readonly unknown[] | undefined
    const columns = action.targetList === undefined ? (values?.length ?? 0) : targets(action.targetList)
    add({ kind: 'insert', table, columns })
  }
}

interface Relation {
  readonly schemaname?: string
  readonly relname: string
}

function nameOf({ schemaname, relname }: Relation): string {
  return schemaname === undefined ? relname : `${schemaname}.${relname}`
}

function targets(list: unknown): readonly string[] {
  return ((list ?? []) as readonly { ResTarget?: { name?: string } }[]).map(({ ResTarget }) => ResTarget?.name ?? '')
}

/** Of an INSERT without names: how many values it gives. With a star it cannot be told here: taken for all. */
function widthOf(select: unknown): number {
  // DEFAULT VALUES has none.
  const statement = (select as { SelectStmt?: Node } | undefined)?.SelectStmt
  if (statement === undefined) return 0
  const [row] = (statement.valuesLists ?? []) as readonly { List: { items: readonly unknown[] } }[]
  if (row !== undefined) return row.List.items.length
  const list = (statement.targetList ?? []) as readonly unknown[]
  return JSON.stringify(list).includes('"A_Star"') || list.length === 0 ? Number.MAX_SAFE_INTEGER : list.length
}
