/** Programming languages by the endings of files. */

/** Names of languages, by ending with the dot. */
export const languages: Readonly<Record<string, string>> = {
  '.c': 'C',
  '.cc': 'C++',
  '.cjs': 'JavaScript',
  '.cpp': 'C++',
  '.css': 'CSS',
  '.cts': 'TypeScript',
  '.go': 'Go',
  '.h': 'C',
  '.html': 'HTML',
  '.js': 'JavaScript',
  '.json': 'JSON',
  '.jsx': 'JavaScript',
  '.md': 'Markdown',
  '.mjs': 'JavaScript',
  '.mts': 'TypeScript',
  '.py': 'Python',
  '.rs': 'Rust',
  '.sh': 'Shell',
  '.sql': 'SQL',
  '.ts': 'TypeScript',
  '.tsx': 'TypeScript',
  '.wasm': 'WebAssembly',
  '.yaml': 'YAML',
  '.yml': 'YAML',
}
