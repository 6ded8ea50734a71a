import type { Node } from 'libpg-query'
import { nodesOf } from '../migration.js'
import { bareName, listName } from '../names.js'
import type { LintRule } from '../rule.js'

/** A migration leaves the session as it found it. */
export const sessionSetting: LintRule = {
  name: 'session-setting',
  asks: 'settings are SET LOCAL, and `set_config` has `true` for its third parameter',
  check: ({ up, down }) =>
    [up, down].flatMap(({ statements }) =>
      statements.flatMap(({ tree, line }) => {
        const names = settingsIn(tree)
        return names.map((subject) => ({
          line,
          subject,
          message:
            "stays set for the session: every later migration and the runner's own list run with it (an empty search_path, as a pg_dump sets it, makes them fail)",
          advice: `write SET LOCAL ${subject}, which ends with the transaction`,
        }))
      }),
    ),
}

function settingsIn(tree: Node): readonly string[] {
  if ('VariableSetStmt' in tree) {
    const { is_local = false, name = '', kind } = tree.VariableSetStmt
    // SET CONSTRAINTS and SET TRANSACTION are of the transaction anyway.
    return is_local || kind === 'VAR_SET_MULTI' || kind === 'VAR_RESET' ? [] : [name]
  }
  if (!('SelectStmt' in tree)) return []
  return nodesOf(tree, ['FuncCall']).flatMap(({ node }) => {
    const { funcname = [], args = [] } = node as { readonly funcname?: Node[]; readonly args?: Node[] }
    if (bareName(listName(funcname)) !== 'set_config') return []
    const [setting, , isLocal] = args
    if (isLocal !== undefined && 'A_Const' in isLocal && isLocal.A_Const.boolval?.boolval === true) return []
    return [setting !== undefined && 'A_Const' in setting ? (setting.A_Const.sval?.sval ?? '') : 'set_config']
  })
}
