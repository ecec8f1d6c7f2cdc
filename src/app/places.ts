const names = [
  'HOME',
  'PATH',
  'TMPDIR',
  'XDG_STATE_HOME',
  'XDG_DATA_HOME',
  'XDG_CACHE_HOME',
  'XDG_RUNTIME_DIR',
  'POSADA_CACHE_BUDGET',
]

/** What of an environment says where files are and how much they may take, for a process that works on after this one. */
export function placesIn(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}
