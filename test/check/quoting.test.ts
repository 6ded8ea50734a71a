import t from 'tap'
import { hbaWord, psqlName } from '../../src/check/quoting.js'

t.test('hbaWord', async (t) => {
  t.test('quotes what is more than a word, and words that stand for many', async (t) => {
    t.equal(hbaWord('App_1'), 'App_1')
    for (const name of ['my app', '+app', 'all', 'replication', 'sameuser', 'samerole', 'samegroup']) {
      t.equal(hbaWord(name), `"${name}"`)
    }
    t.equal(hbaWord('a"b'), '"a""b"')
  })
})

t.test('psqlName', async (t) => {
  t.test('quotes what psql would not take as it is', async (t) => {
    t.equal(psqlName('app_1'), 'app_1')
    for (const name of ['App', '1app', 'my app']) t.equal(psqlName(name), `"${name}"`)
    t.equal(psqlName('a"b'), '"a""b"')
  })
})
