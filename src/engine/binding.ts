/** Bindings: which parameter each `$n` of a statement is, and how its value is encoded. */

import { ValidationError } from '../errors.js'
import { type Encode, EncodeError } from './codec.js'
import type { Query } from './query.js'
import { encoderOf, encodeUntyped } from './value-types.js'

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
const MAX_VALUES = 65_535

/** Gathers and encodes the values of a call, in the order of the statement's `$n`.
 *  @throws {ValidationError} when a parameter is missing or its type cannot hold the value */
export function gather(
  { query, bindings }: { readonly query: string; readonly bindings: readonly Binding[] },
  params: Params,
): unknown[] {
  const values = new Array<unknown>(bindings.length)
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
): unknown {
  if (value === undefined) throw new ValidationError(query, [{ path: parameter, message: 'is missing' }])
  try {
    return encode(value)
  } catch (error) {
    if (error instanceof EncodeError) throw new ValidationError(query, [{ path: parameter, message: error.message }])
    throw error
  }
}

/** Encodes the values of raw text.
 *  @throws {ValidationError} when there are too many, or one cannot be sent */
export function gatherRaw(values: readonly unknown[]): unknown[] {
  if (values.length > MAX_VALUES) {
    throw new ValidationError('query', [
      { path: 'values', message: `must be at most ${MAX_VALUES}; send an array instead` },
    ])
  }
  return values.map((value, index) => {
    return encodeValue('query', { parameter: `$${index + 1}`, encode: encodeUntyped }, value ?? null)
  })
}
