import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { expect, it, onTestFinished } from 'vitest'
import { KeptSession } from '../../../src/keeper/session.ts'
import { connect } from '../../../src/ssh/connect.ts'
import { exec } from '../../../src/ssh/exec.ts'
import { startKeeper } from '../../helpers/keeper.ts'
import { startSshd } from '../../helpers/sshd.ts'

// The real process over Debian's sshd on this host, which plays the guest.
it.each(['a keeper', 'none'])('an aborted command is ended in the guest: %s', async (way) => {
  const sshd = await startSshd()
  onTestFinished(() => sshd.stop())
  const keeper = await startKeeper(sshd.target)
  onTestFinished(() => keeper.stop())
  const control = new AbortController()
  const session = new KeptSession({
    target: sshd.target,
    socket: way === 'none' ? null : keeper.socket,
    connect: (signal) => connect(sshd.target, signal === undefined ? {} : { signal }),
    signal: control.signal,
  })
  onTestFinished(() => session.close())
  const stdout = new PassThrough()
  const command = ['sh', '-c', 'echo $$; exec sleep 1000']
  const ended = exec(session, command, { signal: control.signal, stdout }).catch((error: unknown) => error)
  const [pid] = await once(stdout, 'data')
  control.abort(new Error('enough'))
  expect(await ended).toMatchObject({ message: 'enough' })
  expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
})
