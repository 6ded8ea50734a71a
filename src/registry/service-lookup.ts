/** How services are found by their keys. */

import { defineLookup } from '../engine/lookup.js'
import {
  findService,
  findServiceByName,
  findServices,
  findServicesByName,
} from '../generated/registry/service.queries.js'

export const byId = defineLookup({
  one: findService,
  many: findServices,
  parameter: 'serviceId',
  manyParameter: 'serviceIds',
  column: 'serviceId',
})

export const byName = defineLookup({
  one: findServiceByName,
  many: findServicesByName,
  parameter: 'name',
  manyParameter: 'names',
  column: 'name',
})
