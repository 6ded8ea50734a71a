import t from 'tap'
import { leadingWord } from '../../src/engine/leading-word.js'

const copy = leadingWord('COPY|PREPARE\\s+TRANSACTION')

t.test('leadingWord', async (t) => {
  for (const text of [
    'COPY t FROM STDIN',
    ' \n;copy t',
    '-- a\n-- b\r\n/* c */copy t',
    '/* /* nested */ **/ COPY t',
    '/**/prepare\n transaction',
  ]) {
    t.test(`finds it in ${JSON.stringify(text)}`, async (t) => {
      t.ok(copy.test(text))
      t.ok(copy.test(text), 'a second time')
    })
  }

  for (const text of ['', 'SELECT copy', 'copying', '-- COPY', '/* COPY', '/* /* */ COPY */ SELECT 1', '/']) {
    t.test(`finds none in ${JSON.stringify(text)}`, async (t) => t.notOk(copy.test(text)))
  }

  t.test('is quick with many comments in front', async (t) => {
    const startedAt = performance.now()
    t.notOk(copy.test(`${'/**/'.repeat(100_000)}SELECT 1`))
    t.ok(performance.now() - startedAt < 2_000)
  })
})
