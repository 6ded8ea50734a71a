/** The public names of ashlar. */

export type {
  NewProjectContext,
  ProjectContextChanges,
  ProjectContextMetrics,
  UpsertedProjectContext,
} from './agent/project-context.js'
export type { ProjectContextFilter, ProjectContextListOptions } from './agent/project-context-list.js'
export type { ProjectContext } from './agent/project-context-row.js'
export type { ConnectOptions, PoolOptions } from './config.js'
export { connect, type Database, type DatabaseStats, type Transaction } from './database.js'
export type { Executor } from './engine/executor.js'
export type { HealthCheck, HealthReport } from './engine/health.js'
export type { Page } from './engine/page.js'
export type { PoolStats } from './engine/pool-stats.js'
export { type AnyQuery, Query, type QueryIR, type QueryTraits } from './engine/query.js'
export type { Json } from './engine/shapes.js'
export {
  AcquireTimeoutError,
  CancelledError,
  CheckViolationError,
  ConfigError,
  ConnectionError,
  ConstraintError,
  DataAccessError,
  EmbeddedServerError,
  type EmbeddedServerReason,
  ForeignKeyViolationError,
  MigrationError,
  NotFoundError,
  NotNullViolationError,
  OutcomeUnknownError,
  PoolClosedError,
  type PoolSizes,
  QueryError,
  RowCountError,
  type ScrubbedCause,
  TimeoutError,
  TransactionError,
  TransientError,
  UndefinedObjectError,
  UniqueViolationError,
  ValidationError,
  type ValidationIssue,
} from './errors.js'
