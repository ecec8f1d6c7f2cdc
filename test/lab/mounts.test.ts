import { join } from 'node:path'
import { expect, it } from 'vitest'
import { pathWithVirtiofsd } from '../helpers/virtiofsd.ts'
import { nothingLeft, runPosada } from './posada-job.ts'

const path = await pathWithVirtiofsd()
/** Where virtiofsd lies with all that it wants; the host's own needs more of the host than the outer machine has. */
const kept = path?.split(':').find((folder) => folder.includes('test-data'))

const manifest = `version: 1
name: lab
machines:
  web:
    box: posada/tiny
    provider: kvm
    memory: 256MiB
    boot_timeout: 10m
    sync:
      - {from: ./shared, to: /srv/app, type: mount}
      - {from: ./docs, to: /srv/docs, type: mount, read_only: true}
`

const script = `export PATH=$PATH:/job/virtiofsd
mkdir shared docs
echo of-the-host > shared/here
echo to-read > docs/page
posada trust --yes
posada doctor || true
posada up
posada exec -- sh -c 'cat /srv/app/here /srv/docs/page; stat -c %U /srv/app/here; echo from-the-guest > /srv/app/there'
cat shared/there
posada exec -- sh -c 'sudo touch /srv/docs/new' || echo refused
posada exec -- sh -c 'dd if=/dev/zero of=/srv/app/big bs=64k count=64 2> /dev/null; md5sum < /srv/app/big'
md5sum < shared/big
posada exec -- sh -c 'nohup sh -c "sleep 1; sudo reboot" > /dev/null 2>&1 &'
sleep 20
posada up
posada sync
posada exec -- sh -c 'cat /srv/app/there; uptime'
posada sync status
grep -h . /job/vm/.posada/machines/web/*.log | tail -20
posada halt --json
posada destroy --yes
ls shared
${nothingLeft}
if ps | grep '[s]hared-dir'; then exit 1; fi`

// An outer machine, and in it one of posada/tiny that restarts: some 4 minutes.
it.skipIf(kept === undefined)(
  'mounts folders of the host, which stay what they are when the guest restarts',
  async () => {
    const { output, exitCode } = await runPosada({
      ...{ boxes: ['posada/tiny'], manifest, script, timeout: 580_000 },
      files: { virtiofsd: join(kept ?? '') },
    })
    expect(exitCode, output.slice(-8000)).toBe(0)
    expect(output).toMatch(/of-the-host\s+to-read\s+posada\s/)
    expect(output.match(/^from-the-guest/gm)).toHaveLength(2)
    expect(output).toMatch(/Read-only file system\s+refused/)
    const [inside, outside] = [...output.matchAll(/^([0-9a-f]{32}) /gm)].map(([, sum]) => sum)
    expect(inside).toBe(outside)
  },
  600_000,
)
