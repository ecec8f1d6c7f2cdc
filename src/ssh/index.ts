/** SSH: keys, connections, commands, copies, and configuration for other clients. Knows no machine. */
export { type Captured, capture } from './capture.ts'
export { type ExecResult, openChannel } from './channel.ts'
export { clientConfig, type NamedTarget } from './client-config.ts'
export { type ConnectOptions, connect, loadSsh2 } from './connect.ts'
export type { SshStage } from './connect-error.ts'
export {
  type CopyResult,
  download,
  downloadEach,
  oldLeftovers,
  sendFiles,
  takesFiles,
  upload,
} from './copy/index.ts'
export { exec } from './exec.ts'
export { replaceKey } from './first-login.ts'
export { joinToServer } from './join.ts'
export { ensureKeyPair, ensurePrivateKey, generateKeyPair, type KeyPair, publicKeyOf } from './keys.ts'
export { hostKeyIn, recordHostKey } from './known-hosts.ts'
export { loginFilesScript, loginPaths } from './login-files.ts'
export { lostKeyHint } from './login-keys.ts'
export { quote, quoteAll } from './quote.ts'
export type { RemoteCommand } from './remote-command.ts'
export { type Channel, type GuestShells, lostError, type SshSession, type SshTarget } from './session.ts'
export { openShell, openTerminal, type Terminal, type TerminalOptions } from './shell.ts'
export { asRootWhereAllowed, stopFunctions } from './stop.ts'
export { rawMode } from './terminal.ts'
export { openTunnel, type Tunnel, type TunnelEnd } from './tunnel.ts'
export { waitForSsh } from './wait.ts'
