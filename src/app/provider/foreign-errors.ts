import { type ErrorCode, errorCodes, PosadaError, type PosadaErrorOptions } from '../../errors/index.ts'

/**
 * An object whose functions throw PosadaErrors of ours. A plug-in has its own copy of the class, or
 * none: an Error with one of our codes is as good. Everything else is a bug of the plug-in and
 * passes as it is.
 */
export function withOwnErrors<T extends object>(object: T): T {
  return new Proxy(object, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? wrap(value.bind(target)) : value
    },
  })
}

function wrap(method: (...values: unknown[]) => unknown): (...values: unknown[]) => unknown {
  return (...values) => {
    try {
      const result = method(...values)
      return result instanceof Promise ? result.catch(rethrow) : result
    } catch (error) {
      return rethrow(error)
    }
  }
}

function rethrow(error: unknown): never {
  throw ownError(error)
}

export function ownError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof PosadaError || !('code' in error)) return error
  if (!isOurCode(error.code)) return error
  const options: PosadaErrorOptions = { cause: error }
  for (const key of ['value', 'hint', 'machine'] as const) {
    const text = (error as Partial<Record<typeof key, unknown>>)[key]
    if (typeof text === 'string') options[key] = text
  }
  if ('details' in error && Array.isArray(error.details))
    options.details = error.details.map(String).slice(0, 100)
  return new PosadaError(error.code, error.message, options)
}

function isOurCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCodes, code)
}
