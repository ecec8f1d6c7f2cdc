import { archAliases, archs } from '../../lib/values/arch.ts'
import { limits } from '../limits.ts'
import { guestKinds } from '../shapes.ts'
import { box } from './box.ts'
import { cloudInit } from './cloud-init.ts'
import { anything, list, mapOf } from './collections.ts'
import { disk } from './disk.ts'
import { display } from './display.ts'
import { hooks } from './hooks.ts'
import { hostAccess } from './host-access.ts'
import { machineLimits } from './machine-limits.ts'
import { memory } from './memory.ts'
import { machineNetwork } from './network.ts'
import { notFetched } from './not-fetched.ts'
import { object } from './object.ts'
import { pluginNameHint, pluginNamePattern } from './plugin-name.ts'
import { ports } from './port.ts'
import { ready } from './ready.ts'
import { duration, integer, size, truth } from './scalars.ts'
import { step } from './step.ts'
import { environment } from './step-values.ts'
import { syncedFolder } from './sync.ts'
import { name, oneOf, text } from './text.ts'

const mebibyte = 1024 ** 2
const day = 86_400_000

const providerName = text({
  label: '`auto` or the name of a provider',
  expected: "'auto' or the name of a provider",
  pattern: pluginNamePattern,
  hint: () => pluginNameHint('provider'),
})

const options = mapOf(anything(), {
  max: limits.variables,
  of: 'options',
  keys: text({ expected: 'the name of an option', pattern: '[^\\x00-\\x1f]{1,100}' }),
})

/** The keys of a machine; also those of `defaults`, and of the file where it describes one machine. */
export const machineFields = {
  box: {
    schema: box,
    description:
      'The box that the machine is made from, by name or by where it is: `debian/12`, `debian/12@20261122.1`, `"debian/12@>= 2026"`, `./shop.tar`, `https://…`, `oci://…`, `vagrant:generic/debian12`. What it came to is kept in `posada.lock`.',
    absent: 'required',
    examples: ['debian/12'],
  },
  provider: {
    schema: providerName,
    description: 'What runs the machine. `auto` takes the best one that works on this host.',
    default: 'auto',
    examples: ['kvm', 'qemu'],
  },
  providers: {
    schema: notFetched(
      'providers',
      mapOf(options, { max: 20, of: 'providers', pattern: pluginNamePattern, keys: providerName }),
    ),
    description: "Options for single providers, under each one's name; the provider checks them.",
    examples: [{ qemu: { args: ['-device', 'virtio-rng-pci'] } }],
  },
  arch: {
    schema: oneOf(['host', ...archs], archAliases),
    description: 'The architecture of the processor.',
    default: 'host',
  },
  guest: {
    schema: oneOf(guestKinds),
    description:
      'What runs in the machine: `linux`, which Posada logs in to, or `other`, which it only starts, looks at and stops. [Guests](guests.md) has what can be done with each.',
    default: 'linux',
  },
  cpus: {
    schema: integer({ min: 1, max: 255 }),
    description: 'Number of virtual processors.',
    default: 1,
    examples: [2],
  },
  memory: {
    schema: memory,
    description:
      'Memory, rounded up to a whole MiB; or `{min: 512MiB, max: 4GiB}`: what the guest does not need of it goes back to the host, down to `min`, and comes back when it does. [Guests](guests.md#memory-that-comes-and-goes) has more.',
    default: '1GiB',
    examples: ['512MiB', { min: '512MiB', max: '4GiB' }],
  },
  disk: {
    schema: size({ min: mebibyte, max: 64 * 1024 ** 4, bounds: 'from 1MiB to 64TiB', step: mebibyte }),
    description: 'Size of the disk, rounded up to a whole MiB; partition and file system are grown to it.',
    absent: "the box's own size",
    examples: ['40GiB'],
  },
  disks: {
    schema: list(disk, { max: limits.disks, of: 'disks', example: '[{name: data, size: 5GiB}]' }),
    description:
      'Disks of its own besides those of its box. A blank one gets a file system and is mounted; one with `keep: true` outlives the machine. [Disks](disks.md) has more.',
    absent: 'none',
    examples: [[{ name: 'data', size: '5GiB', mount: '/srv/data', keep: true }]],
  },
  nested: {
    schema: truth(),
    description: 'Whether the guest may run virtual machines itself.',
    default: false,
  },
  display: {
    schema: display,
    description:
      'Whether the machine has a screen, a keyboard and a tablet: `true`, or the size of the screen. [Displays](displays.md) has what can be done with them.',
    absent: 'none',
    examples: [true, { width: 1280, height: 800 }],
  },
  warm: {
    schema: truth(),
    description:
      'Whether a new machine may begin with a [warm image](snapshots.md#warm-starts): the memory of another one with the same box and hardware that was up before, in place of a boot.',
    default: true,
  },
  limits: {
    schema: machineLimits,
    description:
      'The most that the machine may use a second of disks and network, so that others have their share. A tenth of a second of it may come at once.',
    absent: 'no limits',
    examples: [{ disk: { iops: 500, bandwidth: '50MiB' }, network: { bandwidth: '20mbit' } }],
  },
  depends_on: {
    schema: list(name(), { max: limits.machines, of: 'machines' }),
    description: 'Machines that have to be up, and ready, before this one is started.',
    examples: [['db']],
  },
  replicas: {
    schema: integer({ min: 1, max: limits.machines }),
    description:
      'How many machines of this kind there are: `web` with two replicas is `web-1` and `web-2`, and `web` names both.',
    absent: 'one, without a number',
    examples: [2],
  },
  ports: {
    schema: ports,
    description:
      'Ports of the host that lead into the guest: `"8080:80"`, `"127.0.0.1:5353:53/udp"`, `"8000-8010:8000-8010"`, or a mapping. `auto`, alone or as an item, forwards whatever listens in the guest as well.',
    examples: [['8080:80']],
  },
  host_access: {
    schema: hostAccess,
    description:
      "Ports of this computer's loopback that the guest may reach, by TCP and UDP, at `host.posada.internal` (10.0.2.2): `[5432]`, or `true` for all.",
    absent: 'none',
    examples: [[5432]],
  },
  env: {
    schema: environment,
    description: 'Variables for provision steps and for commands run by `exec` and `ssh`.',
    examples: [{ APP_ENV: 'dev' }],
  },
  provision: {
    schema: list(step, { max: limits.steps, of: 'steps', example: '- shell: apt-get update' }),
    description: 'What sets the machine up, in this order.',
    examples: [[{ shell: 'apt-get update' }]],
  },
  ready: {
    schema: list(ready, { max: limits.probes, of: 'probes', example: '- tcp: 5432' }),
    description:
      'What must be so before the machine counts as ready, looked at from inside the guest, or at its console: `up` waits for it, and so do machines that depend on this one.',
    examples: [[{ tcp: 5432 }]],
  },
  sync: {
    schema: list(syncedFolder, { max: limits.folders, of: 'folders', example: '[{from: ., to: /srv/app}]' }),
    description:
      'Folders of the host in the guest. `up` waits for them before the first provision step; [folders](folders.md) has what happens to files.',
    examples: [[{ from: '.', to: '/srv/app' }]],
  },
  hooks: {
    schema: hooks,
    description:
      'Commands that run before and after `up`, `halt`, `destroy` and `provision` of this machine, on this computer or in the guest. You are asked once whether those of this computer may run.',
    examples: [{ after: { up: './scripts/seed.sh' } }],
  },
  cloud_init: {
    schema: cloudInit,
    description:
      "What cloud-init does at the first boot of a machine made from a cloud image: a cloud-config as a mapping, user-data as a text, or the path of a file of it. Variables are not put in. `user:` in it names the user to log in as, instead of the box's.",
    examples: [{ packages: ['nginx'] }],
  },
  boot_timeout: {
    schema: duration({ min: 1000, max: day, bounds: 'from 1s to 1d' }),
    description:
      'How long the machine may take from its start until it can be logged in to. An emulated one needs up to a minute.',
    default: '3m',
  },
  halt_timeout: {
    schema: duration({ min: 1000, max: day, bounds: 'from 1s to 1d' }),
    description: 'How long the guest may take to shut itself down before its power is cut.',
    default: '60s',
  },
  networks: {
    schema: list(machineNetwork, { max: limits.networks, of: 'networks' }),
    description: 'Private networks that the machine is on, each with a NIC: their names, or mappings.',
    examples: [['backend']],
  },
} as const

/** A machine under `machines:`, and `defaults:`. */
export const machine = object({
  what: 'a machine',
  definition: 'machine',
  fields: machineFields,
  emptyAllowed: true,
})
