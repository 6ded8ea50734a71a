import type { TypeName } from 'libpg-query'
import { nodesOf } from '../migration.js'
import { bareName, listName, relationName } from '../names.js'
import type { LintRule } from '../rule.js'

const AVOIDED: Readonly<Record<string, { readonly message: string; readonly advice: string }>> = {
  timetz: {
    message: 'is a time of day with an offset, which has no date to tell what the offset means',
    advice: 'use timestamptz(3) for an instant, time for a time of day',
  },
  json: {
    message: 'is json, which is text: it has no equality, no index and keeps duplicate keys',
    advice: 'use jsonb',
  },
  money: {
    message: 'is money, whose text and precision depend on a setting of the session',
    advice: 'use numeric, or a bigint of the smallest unit',
  },
}

/** Types that hold what the code takes them to hold. squawk knows timestamp, serial, varchar and char. */
export const columnType: LintRule = {
  name: 'column-type',
  asks: 'instants are `timestamptz(3)`, and no column is `timetz`, `json` or `money`',
  check({ up }) {
    return up.statements.flatMap(({ tree }) => {
      const statement = 'CreateStmt' in tree ? tree.CreateStmt : 'AlterTableStmt' in tree ? tree.AlterTableStmt : null
      if (statement === null) return []
      const altered = new Map(nodesOf(tree, ['AlterTableCmd']).map(({ node }) => [columnOf(node.def), node.name]))
      return nodesOf(tree, ['ColumnDef']).flatMap(({ node }) => {
        const type = node.typeName as TypeName | undefined
        const name = bareName(listName(type?.names))
        const wrong =
          name === 'timestamptz' && precisionOf(type) !== 3
            ? {
                message:
                  'is not timestamptz(3): a Date holds milliseconds, so that a value that was read does not find its row again, and a page by key skips or repeats rows',
                advice: 'use timestamptz(3)',
              }
            : AVOIDED[name]
        if (wrong === undefined) return []
        return [
          {
            line: up.lineAt((node.location as number | undefined) ?? 0),
            subject: `${relationName(statement.relation)}.${String(node.colname ?? altered.get(node) ?? '')}`,
            ...wrong,
          },
        ]
      })
    })
  },
}

function precisionOf(type: TypeName | undefined): number | null {
  const [modifier] = type?.typmods ?? []
  return modifier !== undefined && 'A_Const' in modifier ? (modifier.A_Const.ival?.ival ?? 0) : null
}

/** ALTER COLUMN ... TYPE names its column beside the definition. */
function columnOf(definition: unknown): unknown {
  return (definition as { readonly ColumnDef?: object } | undefined)?.ColumnDef
}
