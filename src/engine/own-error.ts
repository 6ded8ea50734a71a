/** Copies an error that several calls got, so that each has its own, with a stack that leads back to its caller. */
export function ownError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  // A real Error, as util.types.isNativeError tells, and not only an object of its prototype.
  const copy = new Error(error.message)
  Object.setPrototypeOf(copy, Object.getPrototypeOf(error))
  Object.defineProperties(copy, ownProperties(error))
  Error.captureStackTrace(copy, ownError)
  return copy
}

function ownProperties(error: Error): PropertyDescriptorMap {
  const { stack, ...properties } = Object.getOwnPropertyDescriptors(error)
  return properties as PropertyDescriptorMap
}
