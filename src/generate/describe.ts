/** Asks the server what a statement takes and gives, without running it. */

import type { Client, Connection, DatabaseError, Submittable } from 'pg'
import type { Column } from '../engine/row-shape.js'

/** A column as RowDescription has it; the numbers of table and column are 0 when it is none of a table's. */
export interface DescribedColumn extends Column {
  readonly tableID: number
  readonly columnID: number
}

/** What the server says of a statement. */
export interface Description {
  /** The oid of each `$n`'s type. */
  readonly parameterTypes: readonly number[]
  readonly columns: readonly DescribedColumn[]
}

/** What pg calls on a query it was given; @types/pg knows `submit` only. */
interface Exchange extends Submittable {
  handleRowDescription(message: { readonly fields: Description['columns'] }): void
  handleError(error: DatabaseError): void
  handleReadyForQuery(): void
}

/** Prepares a statement, describes it and forgets it. By the protocol and not by PREPARE, which refuses utility
 *  statements and shifts the positions of errors.
 *  @throws {DatabaseError} when the server refuses the statement */
export function describe(client: Client, text: string): Promise<Description> {
  return new Promise((resolve, reject) => {
    let parameterTypes: readonly number[] = []
    let columns: Description['columns'] = []
    let forget = (): void => {}
    const onParameters = (message: { readonly dataTypeIDs: readonly number[] }): void => {
      parameterTypes = message.dataTypeIDs
    }
    const exchange: Exchange = {
      submit(connection: Connection) {
        connection.once('parameterDescription', onParameters)
        forget = () => connection.off('parameterDescription', onParameters)
        connection.parse({ text, name: '', types: [] }, true)
        connection.describe({ type: 'S', name: '' }, true)
        connection.sync()
      },
      handleRowDescription({ fields }) {
        columns = fields
      },
      handleError(error) {
        forget()
        reject(error)
      },
      handleReadyForQuery() {
        resolve({ parameterTypes, columns })
      },
    }
    client.query(exchange)
  })
}
