import { tellLostLinks } from '../network/lost-links.ts'
import { joinNetworks, releaseNetworks } from '../network/process.ts'
import type { Companion } from './companion.ts'

/** The process of the project's private networks: it starts with the first machine on one and ends with the last. */
export const networkProcess: Companion = {
  async before(project, { config, projectId }) {
    if (config.networks.length > 0) await joinNetworks(project, projectId, [config.name])
  },
  async running(project, { state }) {
    await tellLostLinks(project, state)
    return []
  },
  ended: (project, machine) => releaseNetworks(project, [machine]),
}
