/** Bindings: which parameter each `$n` of a statement is, and how its value is encoded. */

import { ValidationError } from '../errors.js'
import { type Encode, EncodeError } from './codec.js'
import type { Query } from './query.js'
import { encoderOf, encodeUntyped } from './value-types.js'
import type { WireValue } from './wire/message-writer.js'

/** Parameters by name, as a caller gives them. */
export type Params = Readonly<Record<string, unknown>>

/** One `$n` of a statement. */
export interface Binding {
  readonly parameter: string
  /** Whether a call may leave it out, which sends NULL. */
  readonly mayBeAbsent: boolean
  readonly encode: Encode
}

/** Makes the binding of a parameter at its first place, which is in an optional line or not. */
export function bind(
  query: Query<unknown, unknown>,
  { name, required }: { readonly name: string; readonly required: boolean },
  isOptional: boolean,
): Binding {
  const type = query.parameterTypes[name]
  return {
    parameter: name,
    // In an optional line that is on, a value that was left out is a mistake, not a NULL.
    mayBeAbsent: !required && !isOptional,
    encode: type === undefined ? encodeUntyped : encoderOf(type),
  }
}

/** The protocol counts parameters in 16 bits; pg lets a higher number wrap around. */
export const MAX_VALUES = 65_535

/** Gathers and encodes the values of a call, in the order of the statement's `$n`.
 *  @throws {ValidationError} when a parameter is missing or its type cannot hold the value */
export function gather(
  { query, bindings }: { readonly query: string; readonly bindings: readonly Binding[] },
  params: Params,
): WireValue[] {
  const values = new Array<WireValue>(bindings.length)
  for (let index = 0; index < bindings.length; index += 1) {
    const binding = bindings[index] as Binding
    const value = params[binding.parameter]
    if (value === null || (value === undefined && binding.mayBeAbsent)) {
      values[index] = null
    } else {
      values[index] = encodeValue(query, binding, value)
    }
  }
  return values
}

function encodeValue(
  query: string,
  { parameter, encode }: Pick<Binding, 'parameter' | 'encode'>,
  value: unknown,
): WireValue {
  if (value === undefined) throw new ValidationError(query, [{ path: parameter, message: 'is missing' }])
  try {
    return encode(value)
  } catch (error) {
    if (error instanceof EncodeError) throw new ValidationError(query, [{ path: parameter, message: error.message }])
    throw error
  }
}

/** Encodes the values of raw text.
 *  @throws {ValidationError} when they are no array, have holes or are too many, or one cannot be sent */
export function gatherRaw(values: readonly unknown[]): WireValue[] {
  if (!Array.isArray(values)) throw new ValidationError('query', [{ path: 'values', message: 'must be an array' }])
  if (values.length > MAX_VALUES) {
    throw new ValidationError('query', [
      { path: 'values', message: `must be at most ${MAX_VALUES}; send an array instead` },
    ])
  }
  return Array.from(values, (value, index) => {
    // An undefined that was given is NULL; a place that was never filled is a mistake.
    if (value === undefined && !(index in values)) {
      throw new ValidationError('query', [{ path: 'values', message: `must have no hole; $${index + 1} is one` }])
    }
    return encodeValue('query', { parameter: `$${index + 1}`, encode: encodeUntyped }, value ?? null)
  })
}
