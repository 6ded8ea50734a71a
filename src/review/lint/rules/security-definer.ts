import { listName } from '../names.js'
import type { LintRule } from '../rule.js'

/** A function with its owner's rights does not look names up where its caller says. */
export const securityDefiner: LintRule = {
  name: 'security-definer',
  asks: 'every SECURITY DEFINER function sets its `search_path`',
  check: ({ up }) =>
    up.statements.flatMap(({ tree, line }) => {
      if (!('CreateFunctionStmt' in tree)) return []
      const { funcname, options = [] } = tree.CreateFunctionStmt
      const elements = options.flatMap((option) => ('DefElem' in option ? [option.DefElem] : []))
      const isDefiner = elements.some(
        ({ defname, arg }) =>
          defname === 'security' && arg !== undefined && 'Boolean' in arg && arg.Boolean.boolval === true,
      )
      const hasPath = elements.some(
        ({ defname, arg }) =>
          defname === 'set' &&
          arg !== undefined &&
          'VariableSetStmt' in arg &&
          arg.VariableSetStmt.name === 'search_path',
      )
      if (!isDefiner || hasPath) return []
      return [
        {
          line,
          subject: listName(funcname),
          message:
            'runs with the rights of its owner and looks names up in the search_path of its caller, who can put objects of the same name there',
          advice: 'add SET search_path = pg_catalog, pg_temp, and name everything else with its schema',
        },
      ]
    }),
}
