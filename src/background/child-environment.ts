const kept = ['PATH', 'HOME', 'TMPDIR', 'XDG_RUNTIME_DIR', 'LANG']

/** What a process that lives on gets of our environment: nothing of the user's secrets. */
export function childEnvironment(): Record<string, string> {
  const found = kept.map((name) => [name, process.env[name]] as const)
  return Object.fromEntries(found.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}
