/** How long to wait before the next attempt. */

import type { RetryConfig } from '../../retry-options.js'

/** Gives the pause after so many failures, in ms: any part of what doubles each time, so that those who failed together do
 *  not come back together (full jitter). */
export function backOffMs(
  { baseDelayMs, maxDelayMs, random }: Pick<RetryConfig, 'baseDelayMs' | 'maxDelayMs' | 'random'>,
  failures: number,
): number {
  // 2^30 ms are twelve days: past that nothing is added.
  return (random ?? Math.random)() * Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(30, failures - 1))
}
