/** What a contender can do: each the same thing, in the way its documentation recommends for speed. */

/** Where the server is. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

/** Any JSON. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

export interface Item {
  readonly itemId: number
  readonly name: string
  readonly score: number
  readonly tags: readonly string[]
  readonly attributes: Json
  readonly updatedAt: Date
}

export interface Entry {
  readonly entryId: string
  readonly position: number
  readonly title: string
  readonly body: string
  readonly price: string
  readonly share: number
  readonly isOpen: boolean
  readonly labels: readonly string[]
  readonly scores: readonly number[]
  readonly payload: Json
  readonly createdAt: Date
  readonly updatedAt: Date | null
}

export interface NewNote {
  readonly author: string
  readonly body: string
  readonly tags: string[]
  readonly payload: Json
}

/** A row of the bulk case. */
export interface LoadRow {
  readonly number: number
  readonly name: string
  readonly tags: string[]
  readonly payload: Json
  readonly loadedAt: Date
}

/** A row of the stream case. */
export interface Reading {
  readonly readingId: number
  readonly device: string
  readonly value: number
  readonly isValid: boolean
  readonly takenAt: Date
}

/** An open contender. What is absent it does not take part in. */
export interface Work {
  findItem?(itemId: number): Promise<Item | undefined>
  /** As `findItem`, 50 ms later when it is slow. */
  findItemSlowly?(itemId: number, isSlow: boolean): Promise<unknown>
  touchItem?(itemId: number): Promise<unknown>
  listEntries?(bucket: number): Promise<readonly Entry[]>
  /** Gives the note's id. */
  createNote?(note: NewNote): Promise<number>
  /** One transaction: changes the balance and writes a booking. */
  transfer?(accountId: number, amount: number): Promise<unknown>
  /** Writes all rows to an empty bench.load. */
  load?(rows: readonly LoadRow[]): Promise<unknown>
  /** Reads bench.reading up to that id, in its order, `batchSize` rows at a time. */
  readReadings?(readingIdTo: number, batchSize: number): AsyncIterable<Reading>
  close(): Promise<void>
}

/** An open contender that takes part in these. */
export type Able<K extends keyof Work> = Work & Required<Pick<Work, K>>

/** A client of PostgreSQL, or a way to use one. */
export interface Contender {
  readonly name: string
  /** The npm packages whose versions decide, by name. */
  readonly packages: readonly string[]
  open(target: Target, connections: number): Promise<Work>
}
