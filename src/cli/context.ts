/** What every subcommand gets. */
export interface Context {
  /** From `--url`; without it the environment decides. */
  readonly url: string | undefined
  readonly isJson: boolean
}
