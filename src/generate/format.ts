/** Formats generated files as the project formats its own. */

import { spawn } from 'node:child_process'
import { GenerateError } from './problem.js'

/** Formats a text by Biome as if it stood in the file; without Biome it stays as it is.
 *  @throws {GenerateError} when Biome fails */
export async function format(biome: string | null, project: string, file: string, text: string): Promise<string> {
  if (biome === null) return text
  const { code, stdout, stderr } = await pipe([biome, 'format', `--stdin-file-path=${file}`], project, text)
  if (code === 0 && stdout !== '') return stdout
  throw new GenerateError([{ file, line: null, message: `biome cannot format it: ${stderr.trim()}` }])
}

interface Output {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function pipe(command: readonly string[], cwd: string, input: string): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...command], { cwd, stdio: 'pipe' })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
    // It may end before it has read all: its code tells then.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}
