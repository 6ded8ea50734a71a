import t from 'tap'
import type { SchemaObject } from '../../../src/review/catalogue/object.js'
import { sameOnAll } from '../../../src/review/drift/server-versions.js'

const newId = (body: string, comment = 'c'): SchemaObject => ({
  kind: 'function',
  name: 'core.new_id()',
  parent: 'core',
  parts: { body, language: body, comment },
  sql: null,
})

t.test('sameOnAll', async (t) => {
  t.test(
    'takes the body of core.new_id for right on the other side of PostgreSQL 18, and nothing else of it',
    async (t) => {
      t.same(sameOnAll([newId('old', 'x')], [newId('new')], [15, 18]), [newId('new', 'x')])
      t.same(sameOnAll([newId('old')], [newId('new')], [18, 18]), [newId('old')])
    },
  )
})
