/** Gives a time to a hundredth of a millisecond. */
export function rounded(ms: number): number {
  return Math.round(ms * 100) / 100
}

/** Gives a time of the server's clock in whole milliseconds; it may have been set back. */
export function whole(ms: number | null): number | null {
  return ms === null ? null : Math.max(0, Math.round(ms))
}
