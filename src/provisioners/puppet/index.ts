import { basename } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import type { PuppetStep } from '../../manifest/index.ts'
import { capture, quote } from '../../ssh/index.ts'
import type { Provisioner } from '../contract.ts'
import { digestOfData } from '../digest.ts'
import { digestOfFolder, runInCopy } from '../in-copy.ts'

/** Where Debian's package has it, and Puppet's own. */
const places = 'PATH=$PATH:/usr/bin:/opt/puppetlabs/bin'

/**
 * Applies a Puppet manifest by the guest's `puppet apply`, as root, in a copy of the folder that it is in. E_PUPPET_MISSING
 * where the guest has no puppet.
 */
export const puppetProvisioner: Provisioner<PuppetStep> = {
  async digest(step) {
    const { kind, manifest, facts } = step
    const folder = await digestOfFolder(step, manifest)
    return digestOfData({ kind, manifest: basename(manifest), facts, folder })
  },

  async run(step, session, context) {
    const look = ['/bin/sh', '-c', `${places}; command -v puppet`]
    if ((await capture(session, look, { user: 'root' })).code !== 0) throw missing(step, context.machine)
    const { manifest, facts } = step
    const env = Object.fromEntries(Object.entries(facts).map(([name, value]) => [`FACTER_${name}`, value]))
    const script = () => scriptFor(basename(manifest))
    return runInCopy({ step, file: manifest, script, env }, session, context)
  },
}

/** Source: puppet-apply(8), `--detailed-exitcodes`: 2 is that something was changed, 4 and 6 that something failed. */
function scriptFor(manifest: string): string {
  return `${places}
set --
if [ -d modules ]; then set -- "$@" --modulepath "$PWD/modules"; fi
if [ -f hiera.yaml ]; then set -- "$@" --hiera_config "$PWD/hiera.yaml"; fi
c=0
puppet apply --detailed-exitcodes --color false "$@" ${quote(`./${manifest}`)} || c=$?
case $c in 0|2) ;; *) exit $c ;; esac`
}

function missing({ name, place }: PuppetStep, machine: string): PosadaError {
  const message = `provision step ${name} needs puppet, which the guest does not have`
  return new PosadaError('E_PUPPET_MISSING', message, {
    value: 'puppet',
    place,
    machine,
    hint: 'install it by a step before it: shell: apt-get update && apt-get install -y puppet-agent',
  })
}
