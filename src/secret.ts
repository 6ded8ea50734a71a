import { inspect } from 'node:util'

/** Holds a text that must show nowhere: not in `inspect`, JSON, template strings or error messages. */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** Gives the text, to the driver and to nobody else. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return '[hidden]'
  }

  toJSON(): string {
    return '[hidden]'
  }

  [inspect.custom](): string {
    return '[hidden]'
  }
}
