import { ownerName } from '../names.js'
import { type Change, changesOf, type SchemaObject } from '../objects.js'
import type { LintRule } from '../rule.js'

const WORDS: Readonly<Partial<Record<SchemaObject['kind'], string>>> = { function: 'FUNCTION or PROCEDURE' }

/** The Down section takes back what the Up section did. */
export const undo: LintRule = {
  name: 'undo',
  asks: 'the Down section drops what the Up section makes, and makes anew what it drops',
  check({ up, down, isSql }) {
    if (!up.isParsed || !down.isParsed) return []
    const done = changesOf(up)
    const undone = changesOf(down)
    return done.flatMap((change, index) => {
      const { does, object } = change
      const rest = done.slice(index + 1)
      const before = done.slice(0, index)
      // What was made and dropped on the way, or is only made sure not to be there before it is made.
      const isSettled =
        does === 'make'
          ? rest.some((later) => later.does === 'drop' && covers(later.object, object))
          : before.some((earlier) => earlier.does === 'make' && covers(earlier.object, object)) ||
            (object.mayExist === true && rest.some((later) => later.does === 'make' && isSame(later.object, object)))
      if (isSettled || isUndone(change, undone)) return []
      const word = WORDS[object.kind] ?? object.kind.toUpperCase()
      return [
        does === 'make'
          ? {
              line: object.line,
              subject: object.name,
              message: `the Down section neither drops this ${object.kind} nor what holds it: down, and the next up fails because it is still there`,
              advice: object.mayExist
                ? `put back in the Down section what was there before, or drop it: DROP ${word} ${object.name}`
                : `add to the Down section: ${dropOf(object, word)}`,
            }
          : {
              line: object.line,
              subject: object.name,
              message: `the Down section does not make this ${object.kind} anew: after down, the code of before does not work`,
              advice: `add to the Down section what made it, without its rows if it must be, or say why not: ${isSql ? '--' : '//'} @lint-off undo: reason`,
            },
      ]
    })
  },
}

function isUndone({ does, object }: Change, undone: readonly Change[]): boolean {
  // What may have been there is not dropped; what was replaced is replaced again, or dropped.
  if (does === 'make' && object.mayExist && object.kind !== 'function' && object.kind !== 'view') return true
  return undone.some(({ does: back, object: other }) => {
    if (back !== does) return covers(other, object)
    return does === 'make' && object.mayExist === true && isSame(other, object)
  })
}

function isSame(one: SchemaObject, other: SchemaObject): boolean {
  return one.kind === other.kind && one.name === other.name
}

/** Tells whether making or dropping one thing does so with the other. */
function covers(whole: SchemaObject, part: SchemaObject): boolean {
  if (isSame(whole, part)) return true
  if (whole.kind === 'schema') return part.name.startsWith(`${whole.name}.`)
  if (whole.kind === 'table' || whole.kind === 'view') {
    return part.table === whole.name || (BELOW.has(part.kind) && ownerName(part.name) === whole.name)
  }
  // Its indexes and constraints go with a column, and which they are is not looked for.
  return (
    whole.kind === 'column' &&
    (part.kind === 'index' ? part.table : ownerName(part.name)) === ownerName(whole.name) &&
    WITH_COLUMN.has(part.kind)
  )
}

const BELOW: ReadonlySet<SchemaObject['kind']> = new Set(['column', 'constraint', 'trigger', 'policy'])
const WITH_COLUMN: ReadonlySet<SchemaObject['kind']> = new Set(['index', 'constraint'])

function dropOf({ kind, name }: SchemaObject, word: string): string {
  const owner = ownerName(name)
  const bare = name.slice(owner.length + 1)
  if (kind === 'column' || kind === 'constraint') return `ALTER TABLE ${owner} DROP ${word} ${bare};`
  if (kind === 'trigger' || kind === 'policy') return `DROP ${word} ${bare} ON ${owner};`
  return `DROP ${word} ${name};`
}
