import { ConfigError } from '../errors.js'

/** Refuses a URL in place of a folder, which would be made under its name.
 *  @throws {ConfigError} when it is one */
export function refuseUrl(field: string, folder: string): void {
  if (!folder.includes('://')) return
  throw new ConfigError({
    field,
    value: 'a URL',
    limit: 'the path of a folder; a server is named by --url or DATABASE_URL',
  })
}
