import { expect, it } from 'vitest'
import type { Project } from '../../../../src/machine/project.ts'
import { chooseProvider } from '../../../../src/machine/up/choose-provider.ts'
import type { MachineState } from '../../../../src/project/machine-state.ts'
import type { Provider } from '../../../../src/provider/index.ts'
import { aBox, aMachine, aState } from '../../../helpers/model.ts'

/** `auto` where `kvm` is now the best, for a machine that was begun with qemu. */
async function chosen(state: MachineState) {
  const told: string[] = []
  const provider = (name: string) => ({ name }) as unknown as Provider
  const project = {
    manifest: { networks: [] },
    boxes: { byDigest: async () => aBox() },
    providers: {
      get: async (name: string) => provider(name),
      choose: async () => ({ provider: provider('kvm') }),
    },
    emit: (event: { message?: string }) => told.push(event.message ?? ''),
  } as unknown as Project
  return { name: (await chooseProvider(project, aMachine(), state)).name, told }
}

const never = { user: 'posada', ownKey: false }

it('a machine that only failed to start is not bound to the provider that it failed with', async () => {
  const { name, told } = await chosen(aState(aMachine(), { login: never }))
  expect(name).toBe('kvm')
  expect(told).toEqual([expect.stringContaining('continues with kvm')])
  expect(await chosen(aState(aMachine(), { cloudInit: { userData: null } }))).toMatchObject({ name: 'kvm' })
})

it('one that was logged in to stays with its own', async () => {
  expect(await chosen(aState())).toEqual({ name: 'qemu', told: [] })
  const settled = aState(aMachine(), { cloudInit: { userData: null, doneAt: '2026-01-01T00:00:00.000Z' } })
  expect(await chosen(settled)).toEqual({ name: 'qemu', told: [] })
})
