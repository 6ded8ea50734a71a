/** Gives the names that somebody may have meant, nearest first: those that differ in a few characters, and those that
 *  one is a part of. */
export function nearNames(given: string, names: readonly string[]): readonly string[] {
  const wanted = given.toLowerCase()
  const limit = Math.max(1, Math.floor(given.length / 4))
  return names
    .map((name) => ({ name, distance: distanceOf(wanted, name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= limit || (wanted !== '' && name.toLowerCase().includes(wanted)))
    .sort((left, right) => left.distance - right.distance)
    .slice(0, 5)
    .map(({ name }) => name)
}

/** How many characters must be put in, taken out or changed (Levenshtein's distance). */
function distanceOf(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (const [above, sign] of [...left].entries()) {
    const next = [above + 1]
    for (let index = 1; index < row.length; index += 1) {
      const changed = (row[index - 1] ?? 0) + (right[index - 1] === sign ? 0 : 1)
      next.push(Math.min(changed, (row[index] ?? 0) + 1, (next[index - 1] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
