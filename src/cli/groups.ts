/** The commands in the order in which someone meets them: in `--help`, docs/commands.md and the README. */
export interface CommandGroup {
  title: string
  /** As they are typed: `box list`. */
  commands: readonly string[]
}

export const commandGroups: readonly CommandGroup[] = [
  { title: 'Start', commands: ['init', 'validate', 'plan', 'trust', 'schema', 'doctor', 'completion'] },
  { title: 'Life', commands: ['up', 'halt', 'reload', 'suspend', 'resume', 'destroy', 'provision', 'run'] },
  {
    title: 'Inside',
    commands: [
      'ssh',
      'exec',
      'copy',
      'sync',
      'sync status',
      'sync conflicts',
      'sync resolve',
      'sync restore',
      'ssh-config',
      'logs',
      'console',
      'screenshot',
      'type',
      'send-key',
      'ports',
    ],
  },
  { title: 'See', commands: ['status', 'list', 'stats', 'top', 'events', 'dashboard'] },
  {
    title: 'Time',
    commands: [
      'snapshot save',
      'snapshot list',
      'snapshot diff',
      'snapshot restore',
      'snapshot delete',
      'rewind',
      'fork',
      'export',
      'import',
    ],
  },
  { title: 'Networks', commands: ['network list', 'network conditions', 'network capture', 'proxy'] },
  { title: 'Hosts', commands: ['host setup'] },
  { title: 'Cache', commands: ['cache list', 'cache push', 'cache prune'] },
  { title: 'CI', commands: ['cache key', 'autopkgtest-virt'] },
  {
    title: 'Boxes',
    commands: [
      'box search',
      'box list',
      'box add',
      'box build',
      'box package',
      'box push',
      'box outdated',
      'box update',
      'box remove',
      'box prune',
      'box verify',
    ],
  },
]

/** The groups with those of the commands that there are; what no group names comes last, under `More`. */
export function inGroups(names: readonly string[]): CommandGroup[] {
  const grouped = new Set(commandGroups.flatMap(({ commands }) => commands))
  const more = { title: 'More', commands: names.filter((name) => !grouped.has(name)) }
  return [...commandGroups, more]
    .map(({ title, commands }) => ({ title, commands: commands.filter((name) => names.includes(name)) }))
    .filter(({ commands }) => commands.length > 0)
}
