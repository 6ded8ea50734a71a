import t from 'tap'
import { sortWithoutIndex } from '../../../../src/review/vet/plan/sort-rule.js'
import { planSchema } from '../fixtures/planned-schema.js'

const schema = await planSchema(
  t,
  `
  CREATE TABLE note (
    note_id int8 PRIMARY KEY,
    author text NOT NULL,
    title text NOT NULL,
    size int8 NOT NULL,
    deleted_at timestamptz
  );
  CREATE INDEX note_author_idx ON note (author);
  CREATE INDEX note_size_idx ON note (size);
  CREATE INDEX note_title_idx ON note (title, note_id) WHERE deleted_at IS NULL;`,
)

async function found(sql: string): Promise<readonly string[]> {
  const findings = await schema.checkQuery(sortWithoutIndex, sql)
  return findings.map(({ line, parameter = '' }) => `${line} ${parameter}`)
}

const NOTE = 'SELECT note_id FROM note'

t.test('sort-without-index', async (t) => {
  const right: Readonly<Record<string, string>> = {
    'the order of an index': `${NOTE} ORDER BY note_id DESC LIMIT :limit!`,
    'an index with the first keys, whose equals are sorted': `${NOTE} ORDER BY size, note_id LIMIT :limit!`,
    'a list without a limit, which is read as a whole anyway': `${NOTE} ORDER BY title`,
    'rows that an index finds': `${NOTE} WHERE author = :author! ORDER BY title LIMIT :limit!`,
    'groups, which are all counted first': 'SELECT author FROM note GROUP BY author ORDER BY count(*) LIMIT :limit!',
    'rows of a function': 'SELECT n FROM generate_series(1, 5) AS n ORDER BY n DESC LIMIT :limit!',
    'an order whose partial index needs a choice': `${NOTE} WHERE TRUE
AND deleted_at IS NULL -- @if deleted=hidden
ORDER BY
title, -- @if order=title
note_id
LIMIT :limit!`,
  }
  for (const [what, sql] of Object.entries(right)) {
    t.test(`finds nothing in ${what}`, async (t) => t.same(await found(sql), []))
  }

  const wrong: Readonly<Record<string, readonly [sql: string, findings: readonly string[]]>> = {
    'an order of the whole table': [`${NOTE}\nORDER BY title\nLIMIT :limit!`, ['3 ']],
    'an order of what no index has filtered': [`${NOTE}\nWHERE size <> 5\nORDER BY title\nLIMIT :limit!`, ['4 ']],
    'each choice of an order by itself': [
      `${NOTE}
ORDER BY
size, note_id, -- @if order=size
author DESC, note_id DESC, -- @if order=author
title DESC, -- @if order=title
note_id
LIMIT :limit!`,
      ['6 order'],
    ],
  }
  for (const [what, [sql, findings]] of Object.entries(wrong)) {
    t.test(`finds ${what}`, async (t) => t.same(await found(sql), findings))
  }

  t.test('names the table and the order', async (t) => {
    const [finding] = await schema.checkQuery(sortWithoutIndex, `${NOTE} ORDER BY title LIMIT :limit!`)
    t.match(finding?.message, /on public\.note is read as a whole and sorted by note\.title for each page/)
  })
})
