import { createServer } from 'node:net'

/** Asks the system for a free port of 127.0.0.1; null when the one asked for (0: any) is taken. */
export async function findFreePort(wanted: number): Promise<number | null> {
  return await new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(null))
    probe.listen({ host: '127.0.0.1', port: wanted, exclusive: true }, () => {
      const address = probe.address()
      const port = typeof address === 'object' && address !== null ? address.port : null
      probe.close(() => resolve(port))
    })
  })
}
