import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'
import { repositoryFunctions } from '../src/repositories.js'

t.test('repositories', async (t) => {
  t.test('show an editor the docstring of each function', async (t) => {
    const file = fileURLToPath(new URL('../src/repositories.ts', import.meta.url))
    const project = fileURLToPath(new URL('../tsconfig.json', import.meta.url))
    const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(project, ts.sys.readFile).config, ts.sys, '.')
    const program = ts.createProgram([file], options)
    const checker = program.getTypeChecker()
    const source = program.getSourceFile(file)
    const declaration = source?.statements.find(
      (statement) => ts.isTypeAliasDeclaration(statement) && statement.name.text === 'Repositories',
    )
    const repositories = checker.getTypeAtLocation(declaration as ts.TypeAliasDeclaration)
    for (const [name, functions] of Object.entries(repositoryFunctions)) {
      const property = checker.getPropertyOfType(repositories, name)
      const type = checker.getTypeOfSymbol(property as ts.Symbol)
      const undocumented = functions.filter((each) => {
        const symbol = checker.getPropertyOfType(type, each)
        return ts.displayPartsToString(symbol?.getDocumentationComment(checker)) === ''
      })
      t.same(undocumented, [], name)
    }
  })
})
