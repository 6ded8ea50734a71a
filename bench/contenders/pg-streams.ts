/** node-postgres's two ways to read without holding all rows. */

import { Client } from 'pg'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import type { Contender, Reading, Target } from './contender.js'
import { text } from './sql.js'

export const pgQueryStream: Contender = {
  name: 'pg-query-stream',
  packages: ['pg-query-stream'],
  async open(target) {
    const client = await connect(target)
    return {
      readReadings: (readingIdTo, batchSize) =>
        client.query(new QueryStream(text.listReadings, [readingIdTo], { batchSize, highWaterMark: batchSize })),
      close: () => client.end(),
    }
  },
}

export const pgCursor: Contender = {
  name: 'pg-cursor',
  packages: ['pg-cursor'],
  async open(target) {
    const client = await connect(target)
    return {
      async *readReadings(readingIdTo, batchSize) {
        const cursor = client.query(new Cursor<Reading>(text.listReadings, [readingIdTo]))
        for (;;) {
          const rows = await cursor.read(batchSize)
          if (rows.length === 0) break
          yield* rows
        }
        await cursor.close()
      },
      close: () => client.end(),
    }
  },
}

async function connect(target: Target): Promise<Client> {
  const client = new Client({ ...target })
  await client.connect()
  return client
}
