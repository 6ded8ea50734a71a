import { join, resolve } from 'node:path'
import { servesFolder } from './process-identity.js'
import { readPostmasterFile } from './state-file.js'

/** Tells whether a server is at work in the folder, without starting one and without changing anything. */
export function isServed(folder: string): boolean {
  const data = join(resolve(folder), 'data')
  const file = readPostmasterFile(data)
  return file !== null && servesFolder(file.pid, data) !== 'no'
}
