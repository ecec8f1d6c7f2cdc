import { text } from '../../lib/values/shape.ts'

const disk = '[a-z][a-z0-9-]{0,19}'
const ofMachine = [
  'id_ed25519',
  'memory',
  'known_hosts',
  'seed\\.iso',
  `data/${disk}\\.qcow2`,
  'data/uefi-variables\\.fd',
  `snapshots/[0-9a-f]{8}/${disk}\\.qcow2`,
].join('|')

/**
 * Names of files in an archive of `posada export`, which are paths below one folder: the project's own, those of boxes and
 * layers by digest, and those of machines as they lie in `.posada/machines`. None leads out of the folder.
 */
export const memberPath = text({
  pattern: new RegExp(
    `^(?:posada\\.(?:yaml|lock)|(?:boxes|layers)/[0-9a-f]{64}/[A-Za-z0-9][A-Za-z0-9._-]{0,99}|machines/[a-z][a-z0-9-]{0,62}/(?:${ofMachine}))$`,
  ),
  problem: 'not a file of an exported project',
})
