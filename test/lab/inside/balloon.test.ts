import { readFile, writeFile } from 'node:fs/promises'
import { expect, it, onTestFinished } from 'vitest'
import { kvmFiles } from '../../../providers/kvm/files.ts'
import { sendCommand } from '../../../src/background/client.ts'
import { until } from '../../helpers/guest-talk.ts'
import { processMemory } from '../../helpers/process-memory.ts'
import { type LabGuest, labGuest } from './lab-guest.ts'

const MiB = 2 ** 20
const hugePagesOfFiles = '/sys/kernel/mm/transparent_hugepage/shmem_enabled'

// The two kinds of RAM (memory/backing.ts), whichever the outer kernel would give. A start of a guest each: some 40 s.
it.each([
  { kind: 'anonymous', setting: 'never' },
  { kind: 'file', setting: 'advise' },
])(
  'takes memory from the guest for the host, and gives it back, RAM of kind $kind',
  async ({ kind, setting }) => {
    const before = /\[(\w+)\]/.exec(await readFile(hugePagesOfFiles, 'latin1'))?.[1] ?? ''
    await writeFile(hugePagesOfFiles, setting)
    onTestFinished(() => writeFile(hugePagesOfFiles, before))
    const guest = await labGuest({ memory: 512 * MiB })
    onTestFinished(() => guest.discard())
    await guest.start()
    const mappings = await readFile(`/proc/${await guest.pid()}/maps`, 'latin1')
    expect(mappings.includes('/memfd:posada-ram')).toBe(kind === 'file')
    // What the guest has used once is the host's to lose.
    await guest.run(
      'mkdir /tmp/m && mount -t tmpfs -o size=300m none /tmp/m && dd if=/dev/zero of=/tmp/m/x bs=1M count=100 2>/dev/null',
    )
    const full = await heldByHost(guest)
    expect(full).toBeGreaterThan(100 * MiB)
    const free = await freeInGuest(guest)
    await guest.run('rm /tmp/m/x')

    await inflate(guest, 128 * MiB)
    expect(await freeInGuest(guest)).toBeLessThan(free)
    const during = await heldByHost(guest)
    expect(during).toBeLessThan(full - 50 * MiB)

    await inflate(guest, 0)
    expect(await freeInGuest(guest)).toBeGreaterThan(free + 70 * MiB)
    await guest.run(
      'dd if=/dev/zero of=/tmp/m/x bs=1M count=120 2>/dev/null && test $(md5sum < /tmp/m/x | cut -c1-4) = da5e',
    )
    expect(await heldByHost(guest)).toBeGreaterThan(during)
  },
)

// A start of a guest: some 40 s, and as long as its memory moves.
it('moves the memory of a guest that has a range, by itself', async () => {
  const guest = await labGuest({ memory: 512 * MiB, memoryMin: 128 * MiB })
  onTestFinished(() => guest.discard())
  await guest.start()
  const given = async () => (await guest.provider.usage?.(guest.spec))?.given ?? 0
  await until('the guest has given memory back', 180_000, async () => (await given()) < 320 * MiB)
  const least = await given()
  await guest.run(
    'mkdir /tmp/m && mount -t tmpfs -o size=400m none /tmp/m && dd if=/dev/zero of=/tmp/m/x bs=1M count=250 2>/dev/null',
  )
  await until('the guest has more again', 180_000, async () => (await given()) > least + 100 * MiB)
})

/** Sets the balloon's target and waits until the guest has followed, which its own statistics must agree with. */
async function inflate({ spec }: LabGuest, target: number): Promise<void> {
  const { control } = kvmFiles(spec)
  await sendCommand(control, { name: 'balloon', arguments: { target }, timeout: 5000 })
  await until(`the balloon has ${target} bytes`, 180_000, async () => {
    const status = (await sendCommand(control, { name: 'status', timeout: 5000 })) as {
      balloon: { actual: number }
    }
    return status.balloon.actual === target
  })
}

async function freeInGuest(guest: LabGuest): Promise<number> {
  return Number(/MemFree:\s+(\d+) kB/.exec(await guest.run('cat /proc/meminfo'))?.[1]) * 1024
}

/** Bytes of the guest's memory that the host has to keep. */
async function heldByHost(guest: LabGuest): Promise<number> {
  return processMemory(await guest.pid(), guest.spec.memory).guest
}
