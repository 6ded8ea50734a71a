import { camelCase } from 'camel-case'
import fc from 'fast-check'
import t from 'tap'
import { propertyName, rowConstructor, shapeCache } from '../../src/engine/row-shape.js'

t.test('propertyName', async (t) => {
  t.test('drops the hints that pgtyped reads', async (t) => {
    t.equal(propertyName('is_new!'), 'isNew')
    t.equal(propertyName('left_id?'), 'leftId')
  })

  t.test('agrees with what pgtyped calls the property', async () => {
    const names = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{0,20}$/)
    fc.assert(fc.property(names, (name) => propertyName(name) === camelCase(name)))
  })
})

const texts = (...names: string[]) => names.map((name) => ({ name, dataTypeID: 25 }))

t.test('rowConstructor', async (t) => {
  t.test('builds an object from the values in order, decoded by their types', async (t) => {
    const columns = [...texts('a_id', 'odd name'), { name: 'n', dataTypeID: 23 }, { name: 'none', dataTypeID: 3802 }]
    t.same(rowConstructor(columns)(['x', 'y', '7', null]), { aId: 'x', oddName: 'y', n: 7, none: null })
  })

  t.test('takes any column name as data, not as code', async () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        fc.pre(propertyName(name) !== '__proto__')
        const row = rowConstructor(texts(name))(['7'])
        return Object.keys(row).length === 1 && row[propertyName(name)] === '7'
      }),
    )
  })

  t.test('refuses a column that would be lost', async (t) => {
    t.throws(() => rowConstructor(texts('a', 'A')), new RangeError('two columns are named a; give one an alias'))
  })
})

t.test('shapeCache', async (t) => {
  t.test('makes the constructor anew when names or types differ', async (t) => {
    const shape = shapeCache()
    const first = shape(texts('a'))
    t.equal(shape(texts('a')), first)
    t.same(shape(texts('b'))(['1']), { b: '1' })
    t.same(shape([{ name: 'b', dataTypeID: 23 }])(['1']), { b: 1 })
    t.same(shape(texts('b', 'c'))(['1', '2']), { b: '1', c: '2' })
  })
})
