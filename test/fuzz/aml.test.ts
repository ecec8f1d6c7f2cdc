import { describe, expect } from 'vitest'
import {
  type Aml,
  buffer,
  device,
  integer,
  method,
  name,
  packageOf,
  scope,
  text,
} from '../../providers/kvm/acpi/aml.ts'
import { fuzz } from './fuzz.ts'
import type { Source } from './source.ts'

const paths = ['A', '\\_SB', '\\_SB.PCI0', 'A.B.C', '_HID']

/** A term and what a reader should find in it, outermost first. */
function term(source: Source, depth: number): { aml: Aml; says: string } {
  const within = () => Array.from({ length: source.below(depth > 3 ? 1 : 6) }, () => term(source, depth + 1))
  const path = source.pick(paths)
  switch (source.below(5)) {
    case 0: {
      const inner = within()
      return {
        aml: scope(path, ...inner.map(({ aml }) => aml)),
        says: `scope(${inner.map(({ says }) => says).join()})`,
      }
    }
    case 1: {
      const inner = within()
      return {
        aml: device(path, ...inner.map(({ aml }) => aml)),
        says: `device(${inner.map(({ says }) => says).join()})`,
      }
    }
    case 2: {
      const inner = within()
      return {
        aml: method(path, source.below(8), ...inner.map(({ aml }) => aml)),
        says: `method(${inner.map(({ says }) => says).join()})`,
      }
    }
    default: {
      const found = value(source, 0)
      return { aml: name(path, found.aml), says: `name(${found.says})` }
    }
  }
}

function value(source: Source, depth: number): { aml: Aml; says: string } {
  const kind = source.below(depth > 2 ? 3 : 4)
  if (kind === 0) {
    const number = source.number(1 + source.below(4))
    return { aml: integer(number), says: String(number) }
  }
  if (kind === 1) return { aml: text('t'.repeat(source.below(300))), says: 'text' }
  if (kind === 2) {
    // Over 63, 4095 and 65535 bytes the length takes another byte.
    const length = source.pick([
      0,
      1,
      60,
      61,
      62,
      63,
      64,
      4090,
      4095,
      4100,
      source.below(16) === 15 ? 70_000 : 5,
    ])
    return { aml: buffer(Array.from({ length }, () => 7)), says: `buffer ${length}` }
  }
  const inner = Array.from({ length: source.below(6) }, () => value(source, depth + 1))
  return {
    aml: packageOf(...inner.map(({ aml }) => aml)),
    says: `package(${inner.map(({ says }) => says).join()})`,
  }
}

/** Reads AML as an operating system does (ACPI 6.4, §20.2), written from the specification alone. */
class Reader {
  readonly #bytes: Aml
  #at = 0

  constructor(bytes: Aml) {
    this.#bytes = bytes
  }

  terms(end: number): string {
    const found: string[] = []
    while (this.#at < end) found.push(this.#term())
    expect(this.#at).toBe(end)
    return found.join()
  }

  #next(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw new Error('it ends within a term')
    this.#at += 1
    return byte
  }

  #term(): string {
    const opcode = this.#next()
    if (opcode === 0x08) {
      this.#path()
      return `name(${this.#value()})`
    }
    if (opcode === 0x10) return `scope(${this.#within(() => this.#path())})`
    if (opcode === 0x14) return `method(${this.#within(() => [this.#path(), this.#next()])})`
    if (opcode === 0x5b && this.#next() === 0x82) return `device(${this.#within(() => this.#path())})`
    throw new Error(`no term begins with ${opcode}`)
  }

  #within(head: () => unknown): string {
    const end = this.#length()
    head()
    return this.terms(end)
  }

  /** Where what it measures ends (§20.2.4). */
  #length(): number {
    const start = this.#at
    const lead = this.#next()
    const more = lead >> 6
    let length = more === 0 ? lead & 0x3f : lead & 0x0f
    for (let byte = 0; byte < more; byte += 1) length += this.#next() * 2 ** (4 + 8 * byte)
    return start + length
  }

  #path(): void {
    if (this.#bytes[this.#at] === 0x5c) this.#next()
    const lead = this.#bytes[this.#at]
    if (lead === 0x2e || lead === 0x2f) this.#next()
    const segments = lead === 0x2e ? 2 : lead === 0x2f ? this.#next() : 1
    for (let left = 4 * segments; left > 0; left -= 1)
      expect(String.fromCharCode(this.#next())).toMatch(/[A-Z0-9_]/)
  }

  #value(): string {
    const opcode = this.#next()
    if (opcode <= 1) return String(opcode)
    const width = { 10: 1, 11: 2, 12: 4 }[opcode]
    if (width !== undefined)
      return String(
        Array.from({ length: width }, (_, at) => this.#next() * 256 ** at).reduce((sum, byte) => sum + byte),
      )
    if (opcode === 0x0d) {
      while (this.#next() !== 0);
      return 'text'
    }
    const end = this.#length()
    if (opcode === 0x11) {
      const length = Number(this.#value())
      expect(this.#at + length).toBe(end)
      this.#at = end
      return `buffer ${length}`
    }
    expect(opcode).toBe(0x12)
    const values = Array.from({ length: this.#next() }, () => this.#value())
    expect(this.#at).toBe(end)
    return `package(${values.join()})`
  }
}

describe('ACPI tables', () => {
  fuzz('aml', (source) => {
    const terms = Array.from({ length: 1 + source.below(4) }, () => term(source, 0))
    const aml = terms.flatMap((one) => one.aml)
    expect(new Reader(aml).terms(aml.length)).toBe(terms.map(({ says }) => says).join())
  })
})
