import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { layOutTables } from '../../../../../providers/kvm/acpi/tables.ts'
import { acpiTables, rsdp } from '../../../../../providers/kvm/memory/layout.ts'

const hasIasl = (() => {
  try {
    execFileSync('iasl', ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

const signature = (bytes: Uint8Array) => Buffer.from(bytes.subarray(0, 4)).toString('latin1')
const sum = (bytes: Uint8Array) => bytes.reduce((total, byte) => (total + byte) & 0xff, 0)

describe('ACPI tables', () => {
  it.each([1, 2, 64, 254])('lie apart, in their place, with good checksums, for %d processors', (cpus) => {
    const tables = layOutTables(cpus)
    expect(tables.map(({ bytes }) => signature(bytes))).toEqual(['DSDT', 'FACP', 'APIC', 'XSDT', 'RSD '])
    let end = acpiTables
    for (const { address, bytes } of tables) {
      expect(address).toBeGreaterThanOrEqual(end)
      expect(address % 16).toBe(0)
      expect(sum(bytes)).toBe(0)
      end = address + bytes.length
    }
    expect(tables.at(-1)?.address).toBe(rsdp)
    expect(sum((tables.at(-1)?.bytes ?? new Uint8Array()).subarray(0, 20))).toBe(0)
  })

  it('lead from the RSDP to all tables', () => {
    const tables = layOutTables(3)
    const at = (address: number) => {
      const table = tables.find((candidate) => candidate.address === address)
      if (!table) throw new Error(`no table at ${address.toString(16)}`)
      return Buffer.from(table.bytes)
    }
    const xsdt = at(Number(at(rsdp).readBigUInt64LE(24)))
    const [fadt, madt] = [36, 44].map((offset) => at(Number(xsdt.readBigUInt64LE(offset))))
    if (!fadt || !madt) throw new Error('the XSDT is too short')
    expect(signature(at(Number(fadt.readBigUInt64LE(140))))).toBe('DSDT')
    // Three local APICs of 8 bytes, an I/O APIC of 12, an NMI of 6.
    expect(madt.length).toBe(44 + 3 * 8 + 12 + 6)
  })
})

describe.skipIf(!hasIasl)('ACPI tables against iasl (package acpica-tools)', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'posada-acpi-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const iasl = (...args: string[]) => execFileSync('iasl', args, { cwd: folder, stdio: 'pipe' }).toString()
  const table = (name: string) => {
    const found = layOutTables(2).find(({ bytes }) => signature(bytes) === name)
    if (!found) throw new Error(`no ${name}`)
    return found.bytes
  }

  it('has a DSDT that is byte for byte what iasl makes of its source', () => {
    const source = join(import.meta.dirname, '../../../../fixtures/kvm/dsdt.dsl')
    // Names as written, not shortened.
    iasl('-on', '-p', 'compiled', source)
    // The header names the compiler.
    expect(Buffer.from(table('DSDT').subarray(36)).toString('hex')).toBe(
      readFileSync(join(folder, 'compiled.aml')).subarray(36).toString('hex'),
    )
  })

  it.each(['FACP', 'APIC', 'XSDT'])(
    'has a %s that iasl understands and makes again from what it read',
    (name) => {
      writeFileSync(join(folder, `${name}.aml`), table(name))
      iasl('-d', `${name}.aml`)
      const source = readFileSync(join(folder, `${name}.dsl`), 'utf8')
      expect(source).not.toMatch(/error|warning|incorrect|unknown/i)
      iasl('-p', `${name}-again`, `${name}.dsl`)
      const again = readFileSync(join(folder, `${name}-again.aml`))
      expect(again.subarray(36).toString('hex')).toBe(Buffer.from(table(name).subarray(36)).toString('hex'))
    },
  )
})
