import { makeIso } from '../lib/iso9660/make-iso.ts'
import { yamlText } from '../lib/text/yaml-text.ts'

/** What cloud-init is told about one machine. */
export interface Seed {
  /** The same for a machine's whole life and for no other: a new one makes cloud-init start over. */
  instanceId: string
  hostname: string
  /** The user that can be logged in to as, with `sudo`; made where the image has none of this name. */
  user: string
  /** A line as in authorized_keys. */
  publicKey: string
  /** The first leads to the outside world. */
  nics: readonly { mac: string }[]
  /** What the user wants done, in one of cloud-init's own formats; null: nothing. */
  userData: string | null
}

/** The name by which cloud-init knows a seed among disks. Source: cloud-init, "NoCloud". */
export const seedLabel = 'cidata'

/** The seed as an ISO 9660 image. Pure but for `time`, which its files bear. */
export function seedImage(seed: Seed, time: Date): Buffer {
  return makeIso(seedFiles(seed), { label: seedLabel, time })
}

/**
 * The files of a NoCloud seed. What Posada needs stands in meta-data and vendor-data, so that user-data is
 * the user's alone, in any format; it goes over vendor-data where both say the same.
 */
export function seedFiles(seed: Seed): Map<string, Buffer> {
  return new Map(
    Object.entries({
      'meta-data': yamlText({
        'instance-id': seed.instanceId,
        'local-hostname': seed.hostname,
        // These are given to the default user, whoever that is.
        'public-keys': [seed.publicKey],
      }),
      'user-data': seed.userData ?? '#cloud-config\n{}\n',
      'vendor-data': `#cloud-config\n${yamlText(vendorData(seed))}`,
      'network-config': yamlText(networkConfig(seed)),
    }).map(([name, text]) => [name, Buffer.from(text)]),
  )
}

function vendorData({ user }: Seed): object {
  return {
    // The distribution's default user under another name; also where user-data has a list of users without it.
    user: { name: user, sudo: 'ALL=(ALL) NOPASSWD:ALL', lock_passwd: true },
    // An emulated processor takes ten seconds for an RSA key.
    ssh_genkeytypes: ['ed25519', 'ecdsa'],
    // sudo looks its own name up.
    manage_etc_hosts: 'localhost',
  }
}

/** Version 2. Names are set, for not every renderer finds an interface by its address alone. */
function networkConfig({ nics }: Seed): object {
  const ethernets = nics.map(({ mac }, index) => {
    const name = `eth${index}`
    const further = index === 0 ? {} : { optional: true }
    return [name, { match: { macaddress: mac }, 'set-name': name, dhcp4: true, ...further }]
  })
  return { version: 2, ethernets: Object.fromEntries(ethernets) }
}
