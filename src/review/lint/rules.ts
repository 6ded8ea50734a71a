/** The rules of our own; squawk's stand beside them. */

import type { LintRule } from './rule.js'
import { allRows } from './rules/all-rows.js'
import { cascade } from './rules/cascade.js'
import { columnType } from './rules/column-type.js'
import { comment } from './rules/comment.js'
import { enumValue } from './rules/enum-value.js'
import { foreignKey } from './rules/foreign-key.js'
import { header } from './rules/header.js'
import { ifNotExists } from './rules/if-not-exists.js'
import { nameForm } from './rules/name-form.js'
import { primaryKey } from './rules/primary-key.js'
import { schemaName } from './rules/schema-name.js'
import { securityDefiner } from './rules/security-definer.js'
import { selectStar } from './rules/select-star.js'
import { sessionSetting } from './rules/session-setting.js'
import { undo } from './rules/undo.js'
import { unnamed } from './rules/unnamed.js'

/** In the order of the documentation: the file, what it makes, what it does to a running system. */
export const lintRules: readonly LintRule[] = [
  header,
  undo,
  sessionSetting,
  schemaName,
  unnamed,
  nameForm,
  primaryKey,
  foreignKey,
  columnType,
  comment,
  selectStar,
  securityDefiner,
  ifNotExists,
  enumValue,
  allRows,
  cascade,
]
