import { camelCase } from 'camel-case'
import fc from 'fast-check'
import t from 'tap'
import { propertyName, rowShape, sameColumns } from '../../src/engine/row-shape.js'
import { columnsOf, dataRow, FIRST_FIELD } from '../fixtures/data-row.js'

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

t.test('rowShape', async (t) => {
  t.test('builds an object from the fields in order, decoded by their types', async (t) => {
    const columns = [
      ...columnsOf(['a_id', 'odd name']),
      { name: 'n', dataTypeID: 23 },
      { name: 'none', dataTypeID: 3802 },
      { name: 'tags', dataTypeID: 1009 },
    ]
    const { text } = rowShape(columns)
    const row = text(dataRow(['x', 'y', '7', null, '{a,NULL}']), FIRST_FIELD)
    t.strictSame(row, { aId: 'x', oddName: 'y', n: 7, none: null, tags: ['a', null] })
    t.same(Object.keys(row), ['aId', 'oddName', 'n', 'none', 'tags'])
  })

  t.test('tells which columns to ask for in binary, and reads them so', async (t) => {
    const shape = rowShape([
      { name: 'id', dataTypeID: 20 },
      { name: 'name', dataTypeID: 25 },
      { name: 'score', dataTypeID: 701 },
    ])
    const [id, score] = [Buffer.alloc(8), Buffer.alloc(8)]
    id.writeBigInt64BE(-5_000_000_000n)
    score.writeDoubleBE(0.1)
    t.same(shape.resultFormats, [1, 0, 1])
    t.same(shape.binary?.(dataRow([id, 'a', score]), FIRST_FIELD), { id: -5_000_000_000, name: 'a', score: 0.1 })
    t.same(shape.binary?.(dataRow([null, '', null]), FIRST_FIELD), { id: null, name: '', score: null })
  })

  t.test('asks for nothing in binary when no column gains by it', async (t) => {
    const shape = rowShape([...columnsOf(['name']), { name: 'id', dataTypeID: 23 }])
    t.equal(shape.binary, null)
    t.equal(shape.resultFormats, null)
  })

  t.test('builds an empty object of no columns', async (t) => {
    t.same(rowShape([]).text(dataRow([]), FIRST_FIELD), {})
  })

  t.test('reads texts of any length and alphabet', async () => {
    const { text } = rowShape(columnsOf(['a', 'b', 'c']))
    const field = fc.option(fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.string({ minLength: 200 })))
    const wellFormed = field.filter((value) => value === null || value.isWellFormed())
    fc.assert(
      fc.property(wellFormed, wellFormed, wellFormed, (a, b, c) => {
        const row = text(dataRow([a, b, c]), FIRST_FIELD)
        return row.a === a && row.b === b && row.c === c
      }),
    )
  })

  t.test('takes any column name as data, not as code', async (t) => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        fc.pre(propertyName(name) !== '__proto__')
        const row = rowShape(columnsOf([name])).text(dataRow(['7']), FIRST_FIELD)
        return Object.keys(row).length === 1 && row[propertyName(name)] === '7'
      }),
    )
    const longest = 'n'.repeat(63)
    t.same(rowShape(columnsOf([longest])).text(dataRow(['7']), FIRST_FIELD), { [longest]: '7' })
  })

  t.test('takes as many columns as a result can have', async (t) => {
    const names = Array.from({ length: 1_664 }, (_, index) => `c${index}`)
    const row = rowShape(columnsOf(names)).text(dataRow(names), FIRST_FIELD)
    t.same(row, Object.fromEntries(names.map((name) => [name, name])))
  })

  t.test('keeps no hold of the columns that it was given', async (t) => {
    const columns = columnsOf(['a'])
    const shape = rowShape(columns)
    columns.length = 0
    t.same(shape.columns, [{ name: 'a', dataTypeID: 25 }])
  })

  t.test('refuses a column that would be lost', async (t) => {
    t.throws(() => rowShape(columnsOf(['a', 'A'])), new RangeError('two columns are named a; give one an alias'))
  })
})

t.test('sameColumns', async (t) => {
  t.test('compares names, types, order and number', async (t) => {
    const known = columnsOf(['a', 'b'])
    t.equal(sameColumns(known, columnsOf(['a', 'b'])), true)
    for (const other of [['a'], ['b', 'a'], ['a', 'b', 'c'], ['a', 'c']]) {
      t.equal(sameColumns(known, columnsOf(other)), false, other.join())
    }
    t.equal(sameColumns(known, columnsOf(['a', 'b'], 23)), false)
  })
})
