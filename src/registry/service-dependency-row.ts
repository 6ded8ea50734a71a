import type {
  ListServiceDependenciesResult,
  service_dependency_kind,
  service_priority,
} from '../generated/registry/service_dependency.queries.js'

/** Whether a service works without the other. */
export type ServiceDependencyKind = service_dependency_kind
/** Which services matter most. */
export type ServicePriority = service_priority

/** A service that another needs, or that needs it, directly or not. `depth`: the least number of dependencies on the way;
 *  `kind`: required when required ones alone lead there, within the depth that was asked for. */
export type RelatedService = ListServiceDependenciesResult
