import t from 'tap'
import type { DiagramColumn, DiagramTable } from '../../../src/review/diagram/catalogue.js'
import { drawSchema } from '../../../src/review/diagram/mermaid.js'

function column(name: string, overrides: Partial<DiagramColumn> = {}): DiagramColumn {
  return { name, type: 'text', isNullable: false, comment: null, ...overrides }
}

function table(name: string, overrides: Partial<DiagramTable> = {}): DiagramTable {
  const columns = [column(`${name}_id`, { type: 'uuid' })]
  return {
    schema: 'shop',
    name,
    comment: null,
    columns,
    primaryKey: [`${name}_id`],
    uniqueKeys: [],
    references: [],
    ...overrides,
  }
}

/** What Mermaid takes: a line is an entity's beginning, a column, an end, or a relation. */
const GRAMMAR = [
  /^erDiagram$/,
  /^ {2}"[^"\\%]+" \{$/,
  /^ {4}[A-Za-z][\w()[\]]* [A-Za-z][\w()[\]]*(?: (?:PK|FK|UK)(?:, (?:PK|FK|UK))*)?(?: "[^"\\%#]*")?$/,
  /^ {2}\}$/,
  /^ {2}"[^"\\%]+" (?:\|\||\|o)--(?:o\{|o\|) "[^"\\%]+" : "[^"\\%]+"$/,
]

t.test('drawSchema', async (t) => {
  t.test('gives only lines that Mermaid takes, whatever names, types and comments hold', async (t) => {
    const odd = table('we"ird %% #1; \\', {
      columns: [
        column('größe', { type: 'numeric(10,2)', comment: 'In "EUR"; 100%% \\ #35; \u202e' }),
        column('1st', { type: 'timestamp(3) without time zone', isNullable: true }),
        column('a b', { type: 'other."Odd Type"[]', comment: `${'long '.repeat(40)}\nand longer` }),
      ],
      primaryKey: ['1st'],
      references: [{ name: 'x', columns: ['a b', 'größe'], toSchema: 'an other', toTable: 'ta"ble' }],
    })
    const lines = drawSchema('shop', [odd]).trimEnd().split('\n')
    for (const line of lines)
      t.ok(
        GRAMMAR.some((form) => form.test(line)),
        line,
      )
    t.equal(lines.length, 7)
  })

  t.test('tells what may be missing and what is there once at most', async (t) => {
    const reference = { name: 'sale_item_id_fkey', columns: ['item_id'], toSchema: 'shop', toTable: 'item' }
    const relation = (isNullable: boolean, keys: readonly (readonly string[])[]): string | undefined => {
      const columns = [column('item_id', { isNullable })]
      const sale = table('sale', { columns, primaryKey: ['sale_id'], uniqueKeys: keys, references: [reference] })
      return drawSchema('shop', [sale]).split('\n').at(-2)?.trim()
    }
    t.equal(relation(false, []), '"item" ||--o{ "sale" : "item_id"')
    t.equal(relation(true, []), '"item" |o--o{ "sale" : "item_id"')
    t.equal(relation(false, [['item_id']]), '"item" ||--o| "sale" : "item_id"')
    t.equal(relation(false, [['item_id', 'day']]), '"item" ||--o{ "sale" : "item_id"', 'unique with another only')
  })

  t.test('names a column by its types short name, marks and the first sentence of its comment', async (t) => {
    const columns = [
      column('sale_id', { type: 'uuid' }),
      column('ms', { type: 'double precision', isNullable: true, comment: 'In ms; NULL: no answer. More.' }),
      column('size', { type: 'shop.size', comment: 'NULL: none.', isNullable: true }),
      column('name', { type: 'character varying(10)' }),
    ]
    const drawn = drawSchema('shop', [table('sale', { columns, uniqueKeys: [['name']] })])
    t.same(drawn.split('\n').slice(2, 6), [
      '    uuid sale_id PK',
      '    float8 ms "null; In ms"',
      '    size size "NULL: none"',
      '    varchar(10) name UK',
    ])
  })

  t.test('leaves out the tables of other schemas', async (t) => {
    t.notMatch(drawSchema('shop', [table('item'), table('other', { schema: 'core' })]), 'other')
  })
})
