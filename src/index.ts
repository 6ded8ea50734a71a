/** The public names of ashlar. */

export type { ModificationChanges, NewModification } from './agent/modification.js'
export type { ModificationBulkChanges } from './agent/modification-bulk.js'
export type { ModificationFilter } from './agent/modification-filter.js'
export type {
  ModificationListOptions,
  ModificationStatistics,
  PendingCount,
  PendingCountOptions,
} from './agent/modification-list.js'
export type { ImpactAnalysis, Modification, ModificationResult } from './agent/modification-row.js'
export type { ModificationDecision, NewModificationResult } from './agent/modification-steps.js'
export type {
  NewProjectContext,
  ProjectContextChanges,
  ProjectContextMetrics,
  UpsertedProjectContext,
} from './agent/project-context.js'
export type { ProjectContextBulkChanges } from './agent/project-context-bulk.js'
export type { ProjectContextFilter } from './agent/project-context-filter.js'
export type { ProjectContextListOptions } from './agent/project-context-list.js'
export type { ProjectContext } from './agent/project-context-row.js'
export type { NewTemplate, TemplateChanges, UpsertedTemplate } from './agent/template.js'
export type { TemplateBulkChanges } from './agent/template-bulk.js'
export type { TemplateFilter } from './agent/template-filter.js'
export type { TemplateListOptions } from './agent/template-list.js'
export type { Template, TemplateSummary } from './agent/template-row.js'
export type { FoundTemplate, TemplateSearchOptions } from './agent/template-search.js'
export type { GivenVariables, MissingVariables } from './agent/template-use.js'
export { backup, restore } from './backup/backup.js'
export type { BackupOptions, BackupResult, RestoreOptions, RestoreResult } from './backup/options.js'
export type { ConnectOptions } from './config.js'
export type { Change, ChangedValues, ChangeFilter, ChangeListOptions, ChangePageOptions } from './core/change.js'
export { type ChangeNotice, changesOf } from './core/change-notice.js'
export type { Operation, OperationDeletion } from './core/operation.js'
export type { Partition, PartitionChoice, PartitionUpkeep } from './core/partition.js'
export { connect, type Database, type DatabaseStats, type LimitedDatabase, type Transaction } from './database.js'
export type { ActorOptions } from './engine/actor.js'
export type { BulkOptions } from './engine/bulk.js'
export type { CallLimits, CallOptions } from './engine/call-limits.js'
export type { CopyOptions, CopyProgress } from './engine/copy/load.js'
export type { CopyRows } from './engine/copy/row-source.js'
export type { Executor } from './engine/executor.js'
export type { HealthOptions } from './engine/health/options.js'
export type { HealthCheck, HealthReport } from './engine/health/report.js'
export { type Channel, defineChannel, type Outlet, type WritableChannel } from './engine/listen/channel.js'
export type {
  Gap,
  Listener,
  ListenFailure,
  ListenHandlers,
  ListenOptions,
  MessageOrigin,
} from './engine/listen/listener.js'
export { defineLookup, type Lookup, type LookupDefinition } from './engine/lookup.js'
export type { EngineEvent, EventListener, Happening, Reason, Work } from './engine/monitor/event.js'
export type { EventCounts } from './engine/monitor/events.js'
export type { Logger, LogLevel } from './engine/monitor/logger.js'
export type { QueryStats } from './engine/monitor/query-times.js'
export type { Page } from './engine/page.js'
export type { ConnectionHook, Leak, LeakHook } from './engine/pool-hooks.js'
export type { PoolStats } from './engine/pool-stats.js'
export { type AnyQuery, Query, type QueryIR, type QueryTraits } from './engine/query.js'
export type { Json } from './engine/shapes.js'
export type { StreamOptions } from './engine/stream-options.js'
export type { TelemetryOptions } from './engine/telemetry/telemetry-options.js'
export type { TransactionOptions } from './engine/transaction-options.js'
export {
  AcquireTimeoutError,
  BackupError,
  type BackupFault,
  CancelledError,
  CheckViolationError,
  ConfigError,
  ConnectionError,
  type ConnectionHolder,
  ConstraintError,
  DataAccessError,
  DependencyCycleError,
  EmbeddedServerError,
  type EmbeddedServerReason,
  ForeignKeyViolationError,
  MigrationError,
  NotFoundError,
  NotNullViolationError,
  type Outcome,
  OutcomeUnknownError,
  PoolClosedError,
  PoolOverloadedError,
  type PoolSizes,
  QueryError,
  RetryExhaustedError,
  RowCountError,
  RowLimitError,
  type ScrubbedCause,
  TimeoutError,
  TlsError,
  type TlsReason,
  TransactionError,
  TransientError,
  TransitionError,
  UndefinedObjectError,
  UniqueViolationError,
  ValidationError,
  type ValidationIssue,
} from './errors.js'
export type { MigrationProblem, MigrationProblemKind } from './migrate/comparison.js'
export type { LockRetry } from './migrate/lock-retry.js'
export type { MigrationMove, MigrationStep } from './migrate/options.js'
export type { AppliedFile, AppliedInfo, MigrationOverview } from './migrate/overview.js'
export type { PlannedMigration } from './migrate/runner.js'
export type { Extent as MigrationExtent } from './migrate/selection.js'
export type { StampExtent, UnstampExtent } from './migrate/stamp.js'
export type { MigrationEvent, MigrationName } from './migrate/status.js'
export { createMigrator, type Migrator, type MigratorOptions } from './migrator.js'
export type { PoolOptions } from './pool-options.js'
export type { NewService, ServiceChanges } from './registry/service.js'
export type { ServiceBulkChanges, ServiceBulkFilter } from './registry/service-bulk.js'
export type { ServicePurge } from './registry/service-deleted.js'
export type {
  AddedServiceDependency,
  NewServiceDependency,
  ServiceDependencyNames,
} from './registry/service-dependency.js'
export type {
  AffectedService,
  PriorityCounts,
  ServiceImpact,
  ServiceImpactOptions,
  ServiceReachOptions,
} from './registry/service-dependency-reach.js'
export type { RelatedService, ServiceDependencyKind, ServicePriority } from './registry/service-dependency-row.js'
export type { ServiceFilter } from './registry/service-filter.js'
export type { NewHealthCheck, NewServiceHealthCheck, ServiceHealth, ServiceRef } from './registry/service-health.js'
export type {
  HealthCheckListOptions,
  HealthHistoryOptions,
  ServiceHealthCheck,
  ServiceHealthSpan,
} from './registry/service-health-list.js'
export type { UpsertedService } from './registry/service-import.js'
export type { ServiceListOptions } from './registry/service-list.js'
export type { Service, ServiceSummary } from './registry/service-row.js'
export type { FoundService, ServiceSearchOptions } from './registry/service-search.js'
export type { StaleServiceOptions } from './registry/service-seen.js'
export type { MissingService, StartOrder, StartOrderOptions, StartStep } from './registry/service-start-order.js'
export type { ServiceStatistics, ServiceStatisticsOptions } from './registry/service-statistics.js'
export type { CriticalFirstOptions, HealthyServiceOptions, RequiredServiceOptions } from './registry/service-views.js'
export type { RetryClock, RetryOptions } from './retry-options.js'
export type { TargetSessionAttrs } from './session-attrs.js'
