import type { Command } from 'commander'

/** Commands of Alembic and its like, and what to do here. */
const successors: Readonly<Record<string, (rest: readonly string[]) => string>> = {
  upgrade: () => 'write `ashlar migrate up`',
  downgrade: (rest) => `write \`ashlar migrate down ${countOf(rest) ?? '[count]'}\``,
  current: () => 'write `ashlar migrate status`',
  history: () => 'write `ashlar migrate history`',
  revision: () => 'write `ashlar migrate create NAME`',
}

/** Alembic's `-3` is three steps back. */
function countOf(rest: readonly string[]): string | undefined {
  return rest.map((text) => /^-([1-9]\d{0,3})$/.exec(text)?.[1]).find((count) => count !== undefined)
}

/** Lets the commands that hands still type from other tools fail as wrong usage, and name their successors. They are
 *  not in the help. */
export function refuseFormerCommands(program: Command): void {
  for (const [name, successor] of Object.entries(successors)) {
    const former = program.command(name, { hidden: true }).argument('[rest...]').allowUnknownOption().helpOption(false)
    // The usage of a command that does nothing would not help.
    former.showHelpAfterError(false)
    former.action(() => former.error(`error: there is no command '${name}': ${successor(former.args)}`))
  }
}
