import t from 'tap'
import { readCatalogue } from '../../../src/review/catalogue/read-catalogue.js'
import { draftChanges } from '../../../src/review/drift/draft.js'
import { describeRemaining } from '../../../src/review/drift/draft-text.js'
import { createTestDatabase } from '../../fixtures/database.js'
import { openSession } from './fixtures/drift-case.js'

t.test('draftChanges', async (t) => {
  const [live, scratch] = [
    await openSession(t, await createTestDatabase(t, null)),
    await openSession(t, await createTestDatabase(t, null)),
  ]
  await scratch.query('CREATE TYPE public.pair AS (a int)')
  await live.query(`
    CREATE TYPE public.pair AS (a int, b int);
    CREATE TABLE public.plain (id int);
    CREATE FUNCTION public.cut() RETURNS text LANGUAGE sql AS $$ SELECT '
      -- Down Migration
    ' $$`)
  const { statements, remaining } = await draftChanges({
    scratch,
    target: await readCatalogue(live),
    read: () => readCatalogue(scratch),
    statements: async () => null,
  })
  t.match(statements.join(), /CREATE TABLE public\.plain/, 'plain statements need no @pgkit/migra')
  t.notMatch(statements.join(), /Down Migration/, 'a file is not cut within a statement')
  const hint = '@pgkit/migra may know a way: npm install --save-dev @pgkit/migra'
  t.same(remaining.map(describeRemaining), [
    'extra function public.cut(): it has a line at which a migration file would be cut: change that line, and write it by hand',
    `changed type public.pair (attributes): ${hint}`,
  ])
})
