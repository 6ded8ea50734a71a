/** Incidents: a table of this application, beside the services that ashlar keeps. */

import { type Database, NotFoundError } from 'ashlar'
import {
  type ListIncidentsResult,
  listIncidents,
  type OpenIncidentParams,
  openIncident,
  resolveIncident,
} from './generated/oncall/incident.queries.js'

/** What is reported of an incident. */
export type Report = Pick<OpenIncidentParams, 'severity' | 'title'> & { readonly service: string }

/** Opens an incident and takes the service out of use: both or neither. Gives the incident's id.
 *  @throws {NotFoundError} when there is no such service
 *  @throws {CheckViolationError} when the title is empty or too long */
export function report(db: Database, { service: name, severity, title }: Report): Promise<string> {
  return db.transaction(async (tx) => {
    const service = await tx.services.findByName(name)
    if (service === null) throw new NotFoundError('report', 'registry.service')
    await tx.services.update(service.serviceId, { status: 'maintenance' })
    const { incidentId } = await tx.one(openIncident, { serviceId: service.serviceId, severity, title })
    return incidentId
  })
}

/** Resolves an incident and gives its service back to use. False: it was resolved before. */
export function resolve(db: Database, incidentId: string): Promise<boolean> {
  return db.transaction(async (tx) => {
    const resolved = await tx.maybeOne(resolveIncident, { incidentId })
    if (resolved === null) return false
    await tx.services.update(resolved.serviceId, { status: 'unknown' })
    return true
  })
}

/** Lists the newest incidents of one service, or of all. */
export function newest(db: Database, options: { readonly serviceId?: string } = {}): Promise<ListIncidentsResult[]> {
  return db.run(listIncidents, { ...options, limit: 20 })
}
