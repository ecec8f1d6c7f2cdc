import { expect, it } from 'vitest'
import { limitedLog } from '../../../../../providers/kvm/process/machine-log.ts'
import { TokenBucket } from '../../../../../src/lib/async/token-bucket.ts'

it('passes on so many of the lines that a guest brings about, and says how many it left out', () => {
  const lines: string[] = []
  const bucket = new TokenBucket(0, 3)
  const log = limitedLog((line) => lines.push(line), bucket)
  for (let line = 0; line < 1000; line += 1) log(`fault ${line}`)
  expect(lines).toEqual(['fault 0', 'fault 1', 'fault 2'])
  bucket.take = () => true
  log('fault 1000')
  expect(lines.slice(3)).toEqual(['997 lines were left out, too many at once', 'fault 1000'])
})
