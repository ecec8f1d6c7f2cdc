/** Keys of other tools' files: the word, whose it is, and what says it here. */
export interface ForeignKey {
  words: readonly string[]
  from: string
  /** A key, or what to write where there is no such key here. */
  ours: string
  is: 'key' | 'advice'
}

export const foreignKeys: readonly ForeignKey[] = [
  {
    words: ['synced_folder', 'synced_folders', 'mounts', 'mount', 'volumes', 'shares', 'folders'],
    from: 'Vagrant, Lima, Compose, Multipass',
    ours: 'sync',
    is: 'key',
  },
  {
    words: ['forwarded_port', 'forwarded_ports', 'portForwards', 'port_forwards', 'expose', 'publish'],
    from: 'Vagrant, Lima, Compose',
    ours: 'ports',
    is: 'key',
  },
  { words: ['services', 'vms', 'instances', 'nodes', 'hosts'], from: 'Compose', ours: 'machines', is: 'key' },
  {
    words: ['image', 'images', 'vm_box', 'from', 'os'],
    from: 'Lima, Compose, Vagrant',
    ours: 'box',
    is: 'key',
  },
  {
    words: ['box_version', 'box_url'],
    from: 'Vagrant',
    ours: 'box: NAME@VERSION, or box: with the URL',
    is: 'advice',
  },
  {
    words: ['vmType', 'vm_type', 'driver', 'hypervisor', 'backend'],
    from: 'Lima, Vagrant',
    ours: 'provider',
    is: 'key',
  },
  { words: ['environment'], from: 'Compose', ours: 'env', is: 'key' },
  {
    words: ['env_file'],
    from: 'Compose',
    ours: 'a .env file beside the manifest, and ${NAME} in env',
    is: 'advice',
  },
  {
    words: ['ram', 'mem', 'mem_limit', 'memory_mb', 'memoryMiB'],
    from: 'Vagrant, Compose',
    ours: 'memory',
    is: 'key',
  },
  {
    words: ['cpu', 'vcpus', 'vcpu', 'cores', 'cpu_count'],
    from: 'Vagrant, Compose, Multipass',
    ours: 'cpus',
    is: 'key',
  },
  {
    words: ['disk_size', 'disksize', 'storage', 'root_disk'],
    from: 'Vagrant, Multipass',
    ours: 'disk',
    is: 'key',
  },
  { words: ['additionalDisks', 'extra_disks'], from: 'Lima', ours: 'disks', is: 'key' },
  {
    words: ['private_network', 'public_network', 'network'],
    from: 'Vagrant, Lima',
    ours: 'networks',
    is: 'key',
  },
  {
    words: [
      'provisioning',
      'provisioners',
      'script',
      'scripts',
      'command',
      'commands',
      'entrypoint',
      'run',
      'runcmd',
    ],
    from: 'Vagrant, Lima, Compose, cloud-init',
    ours: 'provision',
    is: 'key',
  },
  {
    words: ['user_data', 'user-data', 'cloud-init', 'cloud_config'],
    from: 'Multipass, clouds',
    ours: 'cloud_init',
    is: 'key',
  },
  { words: ['healthcheck', 'probes', 'health'], from: 'Compose, Lima', ours: 'ready', is: 'key' },
  { words: ['dependsOn', 'links', 'needs'], from: 'Compose', ours: 'depends_on', is: 'key' },
  { words: ['scale', 'count', 'instances_count'], from: 'Compose', ours: 'replicas', is: 'key' },
  { words: ['trigger', 'triggers'], from: 'Vagrant', ours: 'hooks', is: 'key' },
  {
    words: ['hostname', 'container_name'],
    from: 'Vagrant, Compose',
    ours: "nothing: a machine is called by its name under 'machines'",
    is: 'advice',
  },
  { words: ['restart'], from: 'Compose', ours: 'nothing: posada up starts what has stopped', is: 'advice' },
  {
    words: ['build', 'dockerfile'],
    from: 'Compose',
    ours: "boxes: {NAME: ./RECIPE}, at the manifest's top",
    is: 'advice',
  },
  { words: ['platform', 'architecture'], from: 'Compose', ours: 'arch', is: 'key' },
  { words: ['include'], from: 'Compose', ours: 'extends', is: 'key' },
]

/** What to write for a key of another tool, where this mapping has a key for it; undefined for any other. */
export function foreignKeyHint(key: string, known: readonly string[]): string | undefined {
  const found = foreignKeys.find(({ words }) => words.includes(key))
  if (found === undefined) return undefined
  if (found.is === 'advice') return `here that is ${found.ours}`
  return known.includes(found.ours) ? `did you mean '${found.ours}'?` : undefined
}
