import { expect, it } from 'vitest'
import { runInside } from './inside-job.ts'

const GiB = 2 ** 30

// Each starts the outer machine, some 20 s, and guests with unmodified kernels in it.
it.each([
  { what: 'fulfils the contract of providers', files: ['contract'], memory: 3 * GiB, minutes: 12 },
  {
    what: 'has two processors and a balloon',
    files: ['processors', 'balloon'],
    memory: 3 * GiB,
    minutes: 12,
  },
  { what: 'has memory above the hole at 3 GiB', files: ['large-memory'], memory: 7 * GiB, minutes: 12 },
  {
    what: 'keeps what was flushed when the power is cut',
    files: ['power-cut'],
    memory: 3 * GiB,
    minutes: 12,
  },
])(
  'with an unmodified kernel, the built-in hypervisor $what',
  async ({ files, memory, minutes }) => {
    const { output, exitCode } = await runInside({ files, memory, timeout: minutes * 60_000 })
    expect(exitCode, output.slice(-8000)).toBe(0)
  },
  750_000,
)
