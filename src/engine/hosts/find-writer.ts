/** The one server of several that takes writes, for work that is done once. */

import type { ServersTarget, ServerTarget } from '../../config.js'
import { Finder, type FinderConfig } from './finder.js'

/** Gives the server that takes writes, whatever else is asked for; a single one is not looked at.
 *  @throws {ConnectionError} when none does */
export async function findWriter(
  { servers }: ServersTarget,
  { applicationName, pool }: Pick<FinderConfig, 'applicationName' | 'pool'>,
): Promise<ServerTarget> {
  const [only] = servers
  if (servers.length === 1 && only !== undefined) return only
  const config = { servers, targetSessionAttrs: 'read-write', applicationName, pool } as const
  const finder = new Finder(config, { onMoved() {}, onNone() {} })
  return (await finder.find()).server
}
