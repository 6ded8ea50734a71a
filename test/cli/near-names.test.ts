import t from 'tap'
import { nearNames } from '../../src/cli/near-names.js'

const names = ['listTemplates', 'countTemplates', 'findTemplate', 'findTemplates', 'newIds', 'listModifications']

t.test('nearNames', async (t) => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    listTemplate: ['listTemplates', 'findTemplate'],
    LISTTEMPLATES: ['listTemplates', 'findTemplates'],
    modifications: ['listModifications'],
    newId: ['newIds'],
    nothingLikeIt: [],
    '': [],
  }
  for (const [given, expected] of Object.entries(cases)) {
    t.test(`of ${JSON.stringify(given)} are ${expected.join(', ') || 'none'}`, async (t) => {
      t.same(nearNames(given, names), expected)
    })
  }
})
