/** Machines on other hosts: over one SSH connection each, which is kept and outlived. */

export { hostedPaths } from './far/place.ts'
export { runServer, type ServerConfig } from './far/run.ts'
export { serveStdio } from './far/stdio.ts'
export { remoteProvider } from './near/provider.ts'
export { setUpHost } from './near/set-up.ts'
export { formatHost, parseHost } from './wire/address.ts'
