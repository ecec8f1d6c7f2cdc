import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { readTextIfThere, writeFileAtomic } from '../../../src/lib/files/write-file.ts'
import type { Arch } from '../../../src/lib/values/arch.ts'
import type { Findings } from './findings.ts'

interface Entry {
  fingerprint: string
  /** Milliseconds since 1970. */
  at: number
  findings: Findings
}

/** Findings that hung on a time limit are looked into again after an hour. */
const passingFor = 60 * 60 * 1000

/** What was found before, where everything that it depends on is as it was. */
export async function recall(path: string, fingerprint: string): Promise<Findings | null> {
  const entry = parse((await readTextIfThere(path)) ?? '')
  if (entry === null || entry.fingerprint !== fingerprint) return null
  const age = Date.now() - entry.at
  return entry.findings.passing && (age < 0 || age > passingFor) ? null : entry.findings
}

/** Not where nothing ran at all: that is tried again each time, for someone is at work on it. */
export async function remember(path: string, fingerprint: string, findings: Findings): Promise<void> {
  if (findings.accelerator === null) return
  const entry: Entry = { fingerprint, at: Date.now(), findings }
  await writeFileAtomic(path, `${JSON.stringify(entry)}\n`)
}

export function cacheFile(folder: string, program: string, arch: Arch): string {
  const digest = createHash('sha256').update(program).digest('hex').slice(0, 8)
  return join(folder, `qemu-${arch}-${digest}.json`)
}

/** The cache may be of any age and origin: what does not fit is as good as nothing. */
function parse(text: string): Entry | null {
  try {
    const { fingerprint, at, findings } = JSON.parse(text) as Partial<Entry>
    const fits = typeof fingerprint === 'string' && typeof at === 'number' && isFindings(findings)
    return fits ? { fingerprint, at, findings } : null
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null
    throw error
  }
}

function isFindings(value: Partial<Findings> | undefined): value is Findings {
  const accelerators: unknown[] = ['kvm', 'hvf', 'tcg']
  return (
    accelerators.includes(value?.accelerator) &&
    typeof value?.sandbox === 'boolean' &&
    ['string', 'undefined'].includes(typeof value.version) &&
    Array.isArray(value.failures)
  )
}
