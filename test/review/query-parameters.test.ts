import t from 'tap'
import { parametersOf } from '../../src/review/query-parameters.js'
import { manifestQuery } from './fixtures/manifest-query.js'

t.test('parametersOf', async (t) => {
  t.test('tells when each parameter must be given', async (t) => {
    const query = manifestQuery(
      `SELECT :note::text AS note
FROM item
WHERE
  TRUE
  AND owner = :owner                       -- @if owner
  AND (name, id) > (:cursorName, :cursorId) -- @if order=name & cursorName
  AND (age, id) > (:cursorAge, :cursorId)   -- @if order=age & cursorAge
ORDER BY
  name, -- @if order=name
  age,  -- @if order=age
  id
LIMIT :limit!`,
      { owner: 'text', cursorName: 'text', cursorAge: 'int8', cursorId: 'uuid', limit: 'int8' },
    )
    t.same(parametersOf(query), [
      { name: 'note', type: 'unknown', presence: 'nullable' },
      { name: 'owner', type: 'text', presence: 'optional' },
      { name: 'cursorName', type: 'text', presence: 'optional' },
      { name: 'cursorId', type: 'uuid', presence: 'dependent', with: ['cursorName', 'cursorAge'] },
      { name: 'cursorAge', type: 'int8', presence: 'optional' },
      { name: 'limit', type: 'int8', presence: 'required' },
      { name: 'order', type: null, presence: 'choice', values: ['name', 'age'] },
    ])
  })
})
