/** What people type who know another tool: the word, whose it is, and what to type here. */
export interface ForeignCommand {
  words: readonly string[]
  from: string
  /** Behind `posada`. */
  ours: string
  note?: string
}

export const foreignCommands: readonly ForeignCommand[] = [
  { words: ['start', 'launch', 'create'], from: 'Lima, Multipass, Docker', ours: 'up' },
  { words: ['stop', 'poweroff', 'shutdown'], from: 'Lima, Multipass, Docker', ours: 'halt' },
  { words: ['kill'], from: 'Docker', ours: 'halt --force' },
  { words: ['down'], from: 'Compose', ours: 'destroy', note: '`posada halt` keeps the disks' },
  { words: ['pause', 'freeze'], from: 'Docker, Incus', ours: 'suspend' },
  { words: ['unpause', 'thaw'], from: 'Docker, Incus', ours: 'resume' },
  {
    words: ['snapshot push', 'snapshot create', 'snapshot take'],
    from: 'Vagrant, Lima',
    ours: 'snapshot save',
  },
  { words: ['snapshot pop', 'snapshot apply'], from: 'Vagrant, Lima', ours: 'snapshot restore' },
  { words: ['snapshot ls'], from: 'Docker', ours: 'snapshot list' },
  { words: ['snapshot rm'], from: 'Docker', ours: 'snapshot delete' },
  { words: ['restart', 'reboot'], from: 'Lima, Multipass, Docker', ours: 'reload' },
  { words: ['delete', 'rm', 'purge'], from: 'Lima, Multipass, Docker', ours: 'destroy' },
  { words: ['shell', 'attach', 'login', 'connect'], from: 'Lima, Multipass, Docker', ours: 'ssh' },
  { words: ['ps', 'info', 'inspect', 'ls'], from: 'Lima, Multipass, Docker', ours: 'status' },
  { words: ['global-status'], from: 'Vagrant', ours: 'list' },
  { words: ['cp', 'scp', 'transfer', 'upload', 'download', 'rsync'], from: 'all of them', ours: 'copy' },
  { words: ['log'], from: 'Docker', ours: 'logs' },
  { words: ['port'], from: 'Vagrant, Docker', ours: 'ports' },
  { words: ['show-ssh'], from: 'Lima', ours: 'ssh-config' },
  { words: ['package', 'commit'], from: 'Vagrant, Docker', ours: 'box package' },
  { words: ['build'], from: 'Docker', ours: 'box build' },
  { words: ['pull', 'fetch'], from: 'Docker', ours: 'box add' },
  { words: ['push'], from: 'Docker', ours: 'box push' },
  { words: ['images', 'image', 'boxes'], from: 'Docker, Multipass', ours: 'box list' },
  { words: ['search', 'find'], from: 'Docker, Multipass', ours: 'box search' },
  { words: ['prune'], from: 'Docker, Lima', ours: 'box prune' },
  { words: ['box rm', 'box delete'], from: 'Docker', ours: 'box remove' },
  { words: ['box ls'], from: 'Docker', ours: 'box list' },
  { words: ['box find'], from: 'Multipass', ours: 'box search' },
  { words: ['box pull', 'box fetch'], from: 'Docker', ours: 'box add' },
  { words: ['network ls'], from: 'Docker', ours: 'network list' },
  { words: ['template', 'new'], from: 'Lima', ours: 'init' },
  { words: ['config', 'check', 'lint'], from: 'Compose', ours: 'validate' },
  { words: ['networks', 'net'], from: 'Docker, Multipass', ours: 'network list' },
]

/** What to type here for another tool's word; undefined for a word that none of them has. */
export function translated(word: string): string | undefined {
  return foreignCommands.find(({ words }) => words.includes(word))?.ours
}
