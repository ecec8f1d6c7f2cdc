import { expect, it } from 'vitest'
import type { Project } from '../../../../src/machine/project.ts'
import { asThrowAway } from '../../../../src/machine/run/throw-away.ts'
import { machineSpec } from '../../../../src/machine/up/spec.ts'
import { aBox, aMachine, somePaths } from '../../../helpers/model.ts'

const specOf = (config = aMachine()) =>
  machineSpec({
    ...{ id: '0a1b2c3d', config, box: aBox(), paths: somePaths(), runtimeDir: '/run', forwards: [] },
    ...{ networks: [], isolated: false, grown: 0, hostName: 'web', provider: 'qemu' },
  })

it('lets a provider leave out flushes, which the machines of a project are owed', () => {
  const project = { manifest: { machines: [aMachine()] } } as unknown as Project
  expect(specOf(asThrowAway(project).manifest.machines[0])).toMatchObject({ throwAway: true })
  expect(specOf()).not.toHaveProperty('throwAway')
})
