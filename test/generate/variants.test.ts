import t from 'tap'
import { variantsOf } from '../../src/generate/variants.js'
import { queryOf } from './fixtures/queries.js'

t.test('variantsOf', async (t) => {
  t.test('gives one variant for a query without optional lines', async (t) => {
    t.same(
      variantsOf(queryOf('SELECT :a AS a')).map(({ given, statement }) => [given, statement.text]),
      [[null, '/* listItems */ SELECT $1 AS a']],
    )
  })

  t.test('gives all lines, none, each mark alone and each pair', async (t) => {
    const query = queryOf(
      'SELECT 1 AS x\nWHERE TRUE\n  AND 1 = :a -- @if a\n  AND 2 = :b -- @if b\n  AND 3 = :c -- @if c',
    )
    t.same(
      variantsOf(query).map(({ given }) => given),
      [null, '', 'a', 'b', 'c', 'a, b', 'a, c', 'b, c'],
    )
  })

  t.test('never gives a choice two values', async (t) => {
    const query = queryOf(
      'SELECT 1 AS x\nORDER BY\n  1, -- @if sort=up\n  1 DESC, -- @if sort=down\n  :a::int, -- @if a\n  1',
    )
    t.same(
      variantsOf(query).map(({ given }) => given),
      [null, '', 'sort=up', 'sort=down', 'a', 'sort=up, a', 'sort=down, a'],
    )
  })

  t.test('tries a choice that is named without a value with each of its values', async (t) => {
    const query = queryOf('SELECT 1 AS x\nORDER BY\n  2, -- @if sort\n  3, -- @if sort=up\n  4, -- @if sort=down\n  1')
    t.same(
      variantsOf(query).map(({ given }) => given),
      [null, '', 'sort=up', 'sort=down'],
    )
  })

  t.test('gives equal texts once', async (t) => {
    const query = queryOf('SELECT 1 AS x\nWHERE TRUE\n  AND :a -- @if a & b\n  AND :b -- @if a & b')
    t.same(
      variantsOf(query).map(({ given }) => given),
      [null, ''],
    )
  })

  t.test('knows the line of the file for each line of a text', async (t) => {
    const query = queryOf(
      '-- Rows.\nSELECT 1 AS x\n\nWHERE TRUE\n  AND 1 = :a -- @if a\n  AND 2 = :b -- @if b\nLIMIT 1',
    )
    const lines = new Map(variantsOf(query).map((variant) => [variant.given, variant.lines]))
    t.same(lines.get(null), [3, 5, 6, 7, 8])
    t.same(lines.get(''), [3, 5, 8])
    t.same(lines.get('b'), [3, 5, 7, 8])
  })
})
