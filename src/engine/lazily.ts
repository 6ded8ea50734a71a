/** Objects that are made when they are first used. */

/** Gives an object that stands for the one that `make` gives, and makes that when a property of it is first read. */
export function lazily<T extends object>(make: () => T): T {
  let made: T | undefined
  return new Proxy({} as T, {
    get(_, name) {
      made ??= make()
      return Reflect.get(made, name)
    },
  })
}
