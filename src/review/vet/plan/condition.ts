/** Conditions as EXPLAIN writes them: `((a.x = $1) AND (a.y > $2))`. */

/** Gives the parts of a condition that all must hold. */
export function conjunctsOf(condition: string): readonly string[] {
  const inner = unwrap(condition)
  if (inner === null) return [condition]
  const parts = splitAt(inner, ' AND ')
  return parts.length > 1 && parts.every((part) => part.startsWith('(') && part.endsWith(')')) ? parts : [condition]
}

/** Gives the numbers of the parameters in a text. */
export function parametersIn(text: string): readonly number[] {
  return [...new Set([...withoutQuoted(text).matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)))]
}

/** What stands on the left of a comparison: columns and expressions; several of a row comparison. */
export interface Side {
  /** The column's name as SQL writes it, or null for an expression. */
  readonly column: string | null
  /** The type that the column is cast to, or null. */
  readonly castTo: string | null
}

const OPERATOR = /^ (?:[-+*/<>=~!@#%^&|`?]+|IS|IN|LIKE|BETWEEN|OPERATOR\()(?: |$|\()/

/** Gives the left side of one condition. */
export function leftOf(conjunct: string): readonly Side[] {
  const inner = unwrap(conjunct) ?? conjunct
  const left = beforeOperator(inner)
  const row = /^ROW\((.*)\)$/s.exec(left)
  return (row?.[1] === undefined ? [left] : splitAt(row[1], ', ')).map(toSide)
}

/** Gives what stands behind the left side, or null where there is no operator. */
export function rightOf(conjunct: string): string | null {
  const inner = unwrap(conjunct) ?? conjunct
  const left = beforeOperator(inner)
  return left === inner ? null : inner.slice(left.length + 1)
}

/** Gives the names of the tables (as the statement calls them) whose columns stand in a text. */
export function aliasesIn(text: string): ReadonlySet<string> {
  const names = withoutQuoted(text).matchAll(/(?<![\w".$):])("(?:[^"]|"")+"|[a-z_][\w$]*)\.(?=["a-z_])(?![\w$"]+\()/gi)
  return new Set([...names].map(([, alias = '']) => alias))
}

function beforeOperator(text: string): string {
  let end = text.length
  walk(text, (index, depth) => {
    if (depth !== 0 || !OPERATOR.test(text.slice(index, index + 24))) return true
    end = index
    return false
  })
  return text.slice(0, end)
}

const COLUMN = /^(?:(?:"(?:[^"]|"")+"|[a-z_][\w$]*)\.)?("(?:[^"]|"")+"|[a-z_][\w$]*)$/i

function toSide(text: string): Side {
  const cast = /^\((.+)\)::(.+)$/s.exec(text)
  const [, inner = text, castTo = null] = cast ?? []
  const column = COLUMN.exec(inner)?.[1] ?? null
  return { column, castTo: column === null ? null : castTo }
}

/** Gives the text within a pair of parentheses that encloses all of it, or null. */
function unwrap(text: string): string | null {
  if (!text.startsWith('(')) return null
  let end = -1
  walk(text, (index, depth) => {
    if (text[index] !== ')' || depth !== 0) return true
    end = index
    return false
  })
  return end === text.length - 1 ? text.slice(1, -1) : null
}

function splitAt(text: string, separator: string): readonly string[] {
  const parts: string[] = []
  let from = 0
  walk(text, (index, depth) => {
    if (depth === 0 && index >= from && text.startsWith(separator, index)) {
      parts.push(text.slice(from, index))
      from = index + separator.length
    }
    return true
  })
  return [...parts, text.slice(from)]
}

/** Goes through what is not quoted, with the depth of parentheses behind each character, until told to stop. */
function walk(text: string, visit: (index: number, depth: number) => boolean): void {
  let depth = 0
  let quote: string | null = null
  for (let index = 0; index < text.length; index++) {
    const char = text[index] as string
    if (quote !== null) {
      if (char === quote) quote = null
      continue
    }
    if (char === "'" || char === '"') {
      quote = char
      continue
    }
    if (char === '(' || char === '[') depth++
    if (char === ')' || char === ']') depth--
    if (!visit(index, depth)) return
  }
}

function withoutQuoted(text: string): string {
  return text.replace(/'(?:[^']|'')*'/g, "''")
}
