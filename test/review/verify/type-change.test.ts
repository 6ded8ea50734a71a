import t from 'tap'
import { describeType, valueTypes } from '../../../src/engine/value-types.js'
import { columnChange, parameterChange, typescriptOf } from '../../../src/review/verify/type-change.js'

t.test('typescriptOf says of each type what the engine says', async (t) => {
  for (const [name, { oid, arrayOid }] of Object.entries(valueTypes)) {
    t.equal(typescriptOf(name), describeType(oid).typescript, name)
    t.equal(typescriptOf(`${name}[]`), describeType(arrayOid).typescript, `${name}[]`)
  }
  t.equal(typescriptOf('shop.mood'), 'string')
  t.equal(typescriptOf('shop.mood[]'), 'string')
})

t.test('columnChange', async (t) => {
  const cases: readonly (readonly [before: string, now: string, severity: string | null])[] = [
    ['int4', 'int8', null],
    ['int8', 'int2', null],
    ['text', 'varchar', null],
    ['json[]', 'jsonb[]', null],
    ['int4', 'float8', 'notice'],
    ['date', 'timestamp', 'notice'],
    ['text', 'shop.mood', 'notice'],
    ['int8', 'numeric', 'breaks'],
    ['timestamptz', 'timestamp', 'breaks'],
    ['text', 'text[]', 'breaks'],
  ]
  for (const [before, now, severity] of cases) t.equal(columnChange(before, now), severity, `${before} to ${now}`)
})

t.test('parameterChange', async (t) => {
  const cases: readonly (readonly [before: string, now: string, severity: string | null])[] = [
    ['int4', 'int8', null],
    ['int8', 'numeric', null],
    ['text[]', 'varchar[]', null],
    ['int8', 'int4', 'notice'],
    ['uuid', 'text', 'notice'],
    ['int4', 'text', 'notice'],
    ['bytea', 'text', 'breaks'],
    ['text', 'shop.mood', 'breaks'],
    ['text', 'int4', 'breaks'],
    ['float8', 'int4', 'breaks'],
    ['text', 'text[]', 'breaks'],
    ['uuid[]', 'text[]', 'notice'],
  ]
  for (const [before, now, severity] of cases) t.equal(parameterChange(before, now), severity, `${before} to ${now}`)
})
