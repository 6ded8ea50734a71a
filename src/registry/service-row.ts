import { NotFoundError } from '../errors.js'
import type { FindServiceResult } from '../generated/registry/service.queries.js'

/** A row of registry.service, but for the coarse columns that only its indexes are made of. */
export type Service = Omit<FindServiceResult, 'metadata' | 'config'> & {
  metadata: Record<string, unknown>
  config: Record<string, unknown>
}

/** A service without how it is set up: what lists give. */
export type ServiceSummary = Omit<Service, 'config'>

/** Gives a row its JSONB types, which the table's constraints hold. */
export function toService(row: FindServiceResult): Service {
  return row as Service
}

/** Gives a row of a list its JSONB type, which the table's constraint holds. */
export function toServiceSummary(row: Omit<FindServiceResult, 'config'>): ServiceSummary {
  return row as ServiceSummary
}

/** @throws {NotFoundError} always: there is no such service */
export function missing(query: string, path: string | null = null): never {
  throw new NotFoundError(query, 'registry.service', path)
}
