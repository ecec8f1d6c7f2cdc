/** Why a value does not have its shape, and where: `disks.0.file: is not a plain file name`. */
export type Flaw = string

/**
 * What plain data that comes from outside has to look like: a box.json, a recipe. The manifest, whose
 * problems have a line and a column, is described in src/manifest/schema.
 */
export interface Shape<T> {
  /** Reads a value; undefined after adding what is wrong with it to `flaws`. */
  read(value: unknown, path: string, flaws: Flaw[]): T | undefined
  /** A key with this shape may be absent; `value` is what it is read as then. */
  absent?: { value: T | undefined }
}

/** The value as its shape has it, or all that is wrong with it. */
export function readShape<T>(shape: Shape<T>, value: unknown): { value: T } | { flaws: Flaw[] } {
  const flaws: Flaw[] = []
  const read = shape.read(value, '', flaws)
  return read === undefined || flaws.length > 0 ? { flaws } : { value: read }
}

/** What JSON says, where it has the shape; null for other JSON, for what is none, and where nothing is given. */
export function parseShape<T>(shape: Shape<T>, json: string | null): T | null {
  if (json === null) return null
  try {
    const result = readShape(shape, JSON.parse(json))
    return 'value' in result ? result.value : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

/** A value that `take` accepts; `problem` goes on after `is`: `is not true or false`. */
export function shape<T>(problem: string, take: (value: unknown) => T | undefined): Shape<T> {
  return {
    read: (value, path, flaws) => {
      const taken = take(value)
      if (taken === undefined) flaws.push(flaw(path, `is ${problem}`))
      return taken
    },
  }
}

/** `problem` says what a text that does not fit is: `not a plain word`. */
export function text(options: { max?: number; pattern?: RegExp; problem?: string } = {}): Shape<string> {
  const { max = 1000, pattern, problem = `not a text of at most ${max} characters` } = options
  return shape(problem, (value) =>
    typeof value === 'string' && value.length <= max && (pattern?.test(value) ?? true) ? value : undefined,
  )
}

/** A whole number, 0 at least. */
export function count(options: { fits?: (value: number) => boolean; problem?: string } = {}): Shape<number> {
  const { fits = () => true, problem = 'not a whole number from 0 upwards' } = options
  return shape(problem, (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && fits(value) ? value : undefined,
  )
}

export function truth(): Shape<boolean> {
  return shape('not true or false', (value) => (typeof value === 'boolean' ? value : undefined))
}

export function oneOf<const T extends string | number>(values: readonly T[]): Shape<T> {
  return shape(`not ${values.join(' or ')}`, (value) => values.find((known) => known === value))
}

export function list<T>(item: Shape<T>, { min = 0, max = 1000 } = {}): Shape<T[]> {
  return {
    read: (value, path, flaws) => {
      if (!Array.isArray(value) || value.length < min || value.length > max) {
        flaws.push(flaw(path, `is not a list of ${min} to ${max} items`))
        return undefined
      }
      return value.flatMap((each, index) => item.read(each, below(path, String(index)), flaws) ?? [])
    },
  }
}

/** An object with just these keys. */
export function record<T extends object>(fields: { [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  return objectWith(fields, false)
}

/** An object with these keys and any others, which are passed over: data whose form is not ours. */
export function partOf<T extends object>(fields: { [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  return objectWith(fields, true)
}

/** An object with any keys, `max` at most, whose values are all alike. */
export function mapOf<T>(value: Shape<T>, { max = 1000 } = {}): Shape<Map<string, T>> {
  return {
    read: (given, path, flaws) => {
      if (typeof given !== 'object' || given === null || Array.isArray(given)) {
        flaws.push(flaw(path, 'is not a mapping of keys'))
        return undefined
      }
      const entries = Object.entries(given)
      if (entries.length > max) {
        flaws.push(flaw(path, `has more than ${max} keys`))
        return undefined
      }
      const read = entries.flatMap(([key, each]): [string, T][] => {
        const one = value.read(each, below(path, key.slice(0, 100)), flaws)
        return one === undefined ? [] : [[key, one]]
      })
      return new Map(read)
    },
  }
}

function objectWith<T extends object>(fields: { [K in keyof T]-?: Shape<T[K]> }, others: boolean): Shape<T> {
  return {
    read: (value, path, flaws) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        flaws.push(flaw(path, 'is not a mapping of keys'))
        return undefined
      }
      const found = new Map(Object.entries(value))
      for (const key of found.keys())
        if (!others && !Object.hasOwn(fields, key))
          flaws.push(flaw(below(path, key.slice(0, 60)), 'is not a known key'))
      const read = Object.entries<Shape<unknown>>(fields).map(([key, { read, absent }]) => {
        if (found.has(key)) return [key, read(found.get(key), below(path, key), flaws)]
        if (absent === undefined) flaws.push(flaw(below(path, key), 'is missing'))
        return [key, absent?.value]
      })
      return Object.fromEntries(read.filter(([, each]) => each !== undefined)) as T
    },
  }
}

/** A key that may be left out. */
export function optional<T>(inner: Shape<T>, value?: T): Shape<T> {
  return { ...inner, absent: { value } }
}

export function orNull<T>(inner: Shape<T>): Shape<T | null> {
  return { read: (value, path, flaws) => (value === null ? null : inner.read(value, path, flaws)) }
}

function below(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function flaw(path: string, problem: string): Flaw {
  return `${path === '' ? 'the whole' : path}: ${problem}`
}
