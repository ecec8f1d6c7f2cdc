import { expect, it } from 'vitest'
import { allDone } from '../../../../../providers/kvm/process/all-done.ts'

it('waits for all to end before it fails as the first did', async () => {
  let ended = false
  const slow = new Promise<void>((resolve) =>
    setTimeout(() => {
      ended = true
      resolve()
    }, 10),
  )
  await expect(
    allDone([Promise.reject(new Error('first')), Promise.reject(new Error('second')), slow]),
  ).rejects.toThrow('first')
  expect(ended).toBe(true)
  await expect(allDone([slow, Promise.resolve(1)])).resolves.toBeUndefined()
})
