import t from 'tap'
import { failedRow } from '../../src/engine/copy/failed-row.js'
import { type CopyLoad, toLoad } from '../../src/engine/copy/load.js'

function load(table = 'agent.note', columns = ['id', 'text', 'text_2']): CopyLoad {
  return toLoad(table, columns, [], {})
}

t.test('failedRow', async (t) => {
  t.test('reads line and column in the languages that PostgreSQL has', async (t) => {
    const inColumn = [
      'COPY note, line 42, column text: "secret"',
      'COPY note, line 42, column text: null input',
      'COPY note, Zeile 42, Spalte text: »secret«',
      'COPY note, ligne 42, colonne text : « secret »',
      'COPY note, línea 42, columna text: «secret»',
      'COPY note, строка 42, столбец text: "secret"',
      'COPY note, satır 42, sütun text: "secret"',
      'COPY note, 行 42, 列 text: "secret"',
      'note のCOPY、42行目、列 text: "secret"',
    ]
    for (const where of inColumn) t.same(failedRow(where, load()), { row: 41, column: 'text' }, where)
    for (const where of ['COPY note, line 42: "1\tsecret"', 'COPY note, line 42', 'note 복사, 42번째 줄: "1"']) {
      t.same(failedRow(where, load()), { row: 41, column: null }, where)
    }
  })

  t.test('is not misled by what names and values hold', async (t) => {
    const odd = { ...load(), relation: 'line 7, (a|b)*', columns: ['column 9, x', 'x', '9, x: "'] }
    t.same(failedRow('COPY line 7, (a|b)*, line 3, column column 9, x: "7"', odd), { row: 2, column: 'column 9, x' })
    t.same(failedRow('COPY line 7, (a|b)*, line 3: "1"', odd), { row: 2, column: null })
    t.same(failedRow('COPY note, line 3, column text_2: "COPY note, line 9, column id"', load()), {
      row: 2,
      column: 'text_2',
    })
    t.same(failedRow('COPY note, line 3, column text: "a\nCOPY note, line 9, column id: "', load()), {
      row: 2,
      column: 'text',
    })
    t.same(failedRow('JSON data, line 1: {"COPY note, line 9\nCOPY note, line 3, column text: "{', load()), {
      row: 2,
      column: 'text',
    })
    t.same(failedRow('PL/pgSQL function note() line 9 at RAISE\nCOPY note, line 3: "1"', load()), {
      row: 2,
      column: null,
    })
  })

  t.test('gives null where there is no line', async (t) => {
    for (const where of [undefined, '', 'COPY note', 'SQL statement "SELECT 1 FROM note"', 'COPY another, line 3']) {
      t.equal(failedRow(where, load()), null)
    }
  })
})
