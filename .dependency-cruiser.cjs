// The direction of imports, as docs/architecture.md draws it. Run by `npm run check:imports`.
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: '^(src|providers)/', pathNot: allowed },
})

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only('lib-is-alone', '^src/lib/', '^src/lib/', 'lib imports nothing of the project'),
    only('errors-are-alone', '^src/errors/', '^src/errors/', 'errors import nothing of the project'),
    only('background', '^src/background/', '^src/(background|errors|lib)/', 'starting processes that outlive the command and talking to them'),
    only('events-are-alone', '^src/events/', '^src/(events|errors)/', 'events are plain types'),
    only('manifest', '^src/manifest/', '^src/(manifest|errors|events|lib)/', 'manifest, box, network and ssh do not know each other'),
    only('box', '^src/box/', '^src/(box|errors|events|lib)/', 'manifest, box, network and ssh do not know each other'),
    only('ssh', '^src/ssh/', '^src/(ssh|errors|events|lib)/', 'manifest, box, network and ssh do not know each other'),
    only('cloud-init', '^src/cloud-init/', '^src/(cloud-init|ssh|errors|events|lib)/', 'a seed knows no manifest and no box; its end is seen over ssh'),
    only('project', '^src/project/', '^src/(project|provider|errors|events|lib)/', 'state and locks know no machine; a state holds the spec that a provider was given'),
    only('forwarder', '^src/forwarder/', '^src/(forwarder|background|ssh|errors|events|lib)/', 'what listens in a guest, forwarded over ssh by a process of its own'),
    only('proxy', '^src/proxy/', '^src/(proxy|errors|events|lib)/', 'SOCKS and HTTP; where a connection leads is told from outside'),
    only('network', '^src/network/', '^src/(network|background|errors|events|lib)/', 'manifest, box, network and ssh do not know each other'),
    only('provisioners', '^src/provisioners/', '^src/(provisioners|ssh|manifest|errors|events|lib)/', 'provisioners work over ssh on resolved steps'),
    only('provider-is-a-contract', '^src/provider/', '^src/(provider|errors|events|lib)/', 'the contract knows nobody'),
    only('providers-know-the-contract', '^providers/', '^(providers|src/(provider|background|errors|events|lib))/', 'a provider knows the contract and nothing else of src'),
    { name: 'providers-do-not-know-each-other', severity: 'error', from: { path: '^providers/([^/]+)/' }, to: { path: '^providers/', pathNot: '^providers/$1/' } },
    only('ui', '^src/ui/', '^src/(ui|events|errors|lib)/', 'ui renders events and errors'),
    only('machine', '^src/machine/', '^src/(machine|manifest|box|cloud-init|ssh|forwarder|network|proxy|background|provisioners|provider|project|errors|events|lib)/', 'machine joins the rooms; it knows neither app nor ui'),
    only('cli', '^src/cli/', '^src/(cli|app|machine|ui|errors|events|lib)/', 'what commands share: arguments, signals, reports, completion'),
    only('commands', '^src/commands/', '^src/(commands|base-command|cli|app|machine|ui|errors|events|lib)', 'a command parses, calls one function, prints'),
    { name: 'only-app-imports-providers', severity: 'error', from: { path: '^src/', pathNot: '^src/app/' }, to: { path: '^providers/' } },
    { name: 'commands-start-no-processes', severity: 'error', from: { path: '^src/commands/' }, to: { path: '^(node:)?child_process$|^koffi$|^execa$' } },
    { name: 'no-dev-dependency-in-the-product', severity: 'error', from: { path: '^(src|providers)/' }, to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
}
