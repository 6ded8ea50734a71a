/** The queries of a project's `.sql` files. */

import { checkLiterals } from './literals.js'
import { checkMarks } from './marks.js'
import { refuse } from './problem.js'
import type { Project } from './project.js'
import { readQueries, type SourceQuery, sharedNames } from './source-query.js'
import type { Tools } from './tools.js'

/** Reads the queries of a project. Everything that can be found wrong without a server is found here.
 *  @throws {GenerateError} when anything is wrong */
export async function readSources(
  project: Project,
  { queryParser, serverParser }: Pick<Tools, 'queryParser' | 'serverParser'>,
): Promise<readonly SourceQuery[]> {
  const read = project.files.map((file) => readQueries(file, queryParser))
  refuse(read.flatMap(({ problems }) => problems))
  const queries = read.flatMap((file) => file.queries)
  const literals = await Promise.all(queries.map((query) => checkLiterals(query, serverParser)))
  refuse([...sharedNames(queries), ...queries.flatMap(checkMarks), ...literals.flat()])
  return queries
}
