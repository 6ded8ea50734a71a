/** What a rule of `ashlar vet` is, and what it gets to see. */

import type { Client } from 'pg'
import type { Volatility } from '../../generate/catalogue.js'
import type { Description } from '../../generate/describe.js'
import type { ManifestQuery } from '../../generate/manifest-file.js'
import type { Project } from '../../generate/project.js'
import type { SourceQuery } from '../../generate/source-query.js'
import type { ServerParser } from '../../generate/tools.js'
import type { Variant } from '../../generate/variants.js'
import type { Finding } from '../finding.js'
import type { Objects, Reading } from './relation/reader.js'

/** A finding of a rule; with `parameter`, `@vet-off rule(parameter)` turns it off. */
export interface VetFinding extends Finding {
  readonly parameter?: string
}

/** What all rules share. */
export interface VetContext {
  readonly project: Project
  /** Of the temporary server, with the project's migrations applied. */
  readonly client: Client
  readonly parser: ServerParser
  /** Tables, functions and operators as the catalogue has them. */
  readonly objects: Objects
  readonly volatility: Volatility
  /** Gives the name of a type by its oid, as the manifest has it. */
  typeName(oid: number): string
}

/** A variant with what its tree tells. */
export interface Extreme extends Variant {
  readonly reading: Reading
}

/** One query, whose whole text the server takes. */
export interface QueryContext extends VetContext {
  readonly source: SourceQuery
  /** The whole text first. */
  readonly variants: readonly Variant[]
  /** The parse tree of the whole text, as libpg-query gives it; its locations count bytes of the text. */
  readonly tree: unknown
  /** What the server says of the whole text. */
  readonly description: Description
  /** What the tree of a variant tells of its rows; null when it cannot be parsed. One is parsed once for all rules. */
  read(variant: Variant): Promise<Reading | null>
  /** The variants that say most of what may go wrong: the whole text, and the one with the fewest lines. */
  readonly extremes: readonly Extreme[]
  /** What is committed for the query; null when there is nothing. */
  readonly manifest: ManifestQuery | null
}

/** All queries whose whole text the server takes. */
export interface SchemaContext extends VetContext {
  readonly queries: readonly QueryContext[]
}

interface Rule<Kind extends string, Context> {
  readonly kind: Kind
  /** Kebab-case; what `--rule` and `@vet-off` take. */
  readonly name: string
  /** What it finds and why that matters: one sentence. */
  readonly why: string
  check(context: Context): readonly VetFinding[] | Promise<readonly VetFinding[]>
}

/** Looks at one query at a time. */
export type QueryRule = Rule<'query', QueryContext>

/** Looks at the schema and all queries at once. */
export type SchemaRule = Rule<'schema', SchemaContext>

export type VetRule = QueryRule | SchemaRule
