/** Tells whether a text has a name as a whole word, however it is written. */
export function hasWord(text: string, name: string): boolean {
  return positionOf(text, name) !== -1
}

/** Gives where a name first stands as a whole word, or -1. */
export function positionOf(text: string, name: string): number {
  const literal = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return text.search(new RegExp(`(?<![\\w$])${literal}(?![\\w$])`, 'i'))
}
