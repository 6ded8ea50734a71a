import t from 'tap'
import { compareCatalogues } from '../../../src/review/catalogue/compare-catalogues.js'
import { COLUMN_ORDER, type ObjectKind, type SchemaObject } from '../../../src/review/catalogue/object.js'
import { isSameMeaning } from '../../../src/review/catalogue/same-meaning.js'

function object(
  kind: ObjectKind,
  name: string,
  parts: Record<string, string> = {},
  parent: string | null = null,
): SchemaObject {
  return { kind, name, parts, parent, sql: null }
}

async function compare(...[wanted, found, options]: Parameters<typeof compareCatalogues>) {
  return (await compareCatalogues(wanted, found, options)).map(({ change, kind, name, parts }) => [
    `${change} ${kind} ${name}`,
    ...parts.map(({ part, wanted: from, found: to }) => `${part}: ${from} -> ${to}`),
  ])
}

t.test('compareCatalogues', async (t) => {
  t.test('names what is missing, extra and changed, with the parts that differ', async (t) => {
    const wanted = [object('column', 'a.b.c', { type: 'int', default: '1' }), object('index', 'a.i')]
    const found = [object('column', 'a.b.c', { type: 'int', comment: 'c' }), object('view', 'a.i')]
    t.same(await compare(wanted, found), [
      ['changed column a.b.c', 'default: 1 -> null', 'comment: null -> c'],
      ['missing index a.i'],
      ['extra view a.i'],
    ])
    t.same(await compare(wanted, wanted), [])
  })

  t.test('does not tell apart what goes with a table or schema', async (t) => {
    const found = [object('schema', 'a'), object('table', 'a.b', {}, 'a'), object('column', 'a.b.c', {}, 'a.b')]
    t.same(await compare([], found), [['extra schema a']])
    t.same(await compare([], found, { isBySchema: false }), [['extra schema a'], ['extra table a.b']])
  })

  t.test('compares the order of the columns that both have', async (t) => {
    const table = (columns: readonly string[]) => [object('table', 'a.b', { [COLUMN_ORDER]: JSON.stringify(columns) })]
    t.same(await compare(table(['x', 'y', 'z']), table(['x', 'z', 'new'])), [])
    t.equal((await compare(table(['x', 'y']), table(['y', 'x']))).length, 1)
  })
})

t.test('isSameMeaning', async (t) => {
  const trigger = (when: string): string =>
    `CREATE TRIGGER t BEFORE UPDATE ON a FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION f()`
  const cases: readonly (readonly [ObjectKind, string, string, string, boolean])[] = [
    ['trigger', 'definition', trigger('a OR b OR c'), trigger('(a OR b) OR c'), true],
    ['trigger', 'definition', trigger('a AND (b OR c)'), trigger('(a AND b) OR c'), false],
    ['trigger', 'definition', trigger('NOT (NOT a)'), trigger('NOT a'), false],
    ['constraint', 'definition', 'CHECK ((a > 1))', 'CHECK (a > 1)', true],
    ['constraint', 'definition', 'CHECK (a > 1)', 'CHECK (a > 1) NOT VALID', false],
    ['column', 'generated', '(a + 1) stored', 'a + 1 stored', true],
    ['column', 'generated', 'a + 1 stored', 'a + 1 virtual', false],
    ['column', 'comment', '(a)', 'a', false],
    ['view', 'definition', 'not SQL', 'nor this', false],
  ]
  for (const [kind, part, one, other, isSame] of cases) {
    t.test(`${isSame ? 'takes' : 'does not take'} ${one} for ${other}`, async (t) => {
      t.equal(await isSameMeaning(kind, part, one, other), isSame)
    })
  }
})
