import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { boxFiles } from './box-files.ts'
import { builtFiles, runInLab } from './lab.ts'

const manifest = (box: string, memory: string) => `version: 1
name: lab
machines:
  web:
    box: ${box}
    provider: kvm
    memory: ${memory}
    boot_timeout: 10m
    provision:
      - name: first
        shell: echo provisioned > /tmp/first
`

const script = `set -e -o pipefail
rm /usr/bin/passt
export XDG_DATA_HOME=/job/data XDG_STATE_HOME=/tmp/state XDG_CACHE_HOME=/tmp/cache XDG_RUNTIME_DIR=/run
posada() { echo "\\$ posada $*"; node /job/project/bin/posada.js "$@" 2>&1 | cat; }
cd /job/vm
posada doctor || true
posada up
posada status
posada exec -- sh -c 'cat /tmp/first; ls /sys/class/net; cat /proc/cmdline'
posada ssh-config
node /job/project/bin/posada.js ssh-config > /tmp/ssh_config
ssh -T -F /tmp/ssh_config web echo joined by OpenSSH
posada ports
posada halt
posada destroy --yes
printf '%s\\n' '    ports: ["8080:80"]' >> posada.yaml
if posada up; then exit 1; fi
ls -A /run /tmp/state/posada 2>/dev/null || true
`

// Each starts the outer machine and in it one of the box, without passt: some 5 minutes.
it.each([
  { box: 'posada/tiny', memory: '256MiB' },
  { box: 'debian/12', memory: '1GiB' },
])(
  'reaches $box over vsock where there is no passt',
  async ({ box, memory }) => {
    const work = await mkdtemp(join(tmpdir(), 'posada-lab-vsock-'))
    try {
      await writeFile(join(work, 'posada.yaml'), manifest(box, memory))
      const { output, exitCode } = await runInLab({
        files: { ...builtFiles, ...(await boxFiles(box)), 'vm/posada.yaml': join(work, 'posada.yaml') },
        script,
        timeout: 580_000,
        ...(process.env.POSADA_LAB_VERBOSE === undefined
          ? {}
          : { onOutput: (text) => process.stdout.write(text) }),
      })
      expect(exitCode, output.slice(-8000)).toBe(0)
      expect(output).toMatch(/provisioned\s+lo\s/)
      expect(output).toContain('joined by OpenSSH')
      expect(output).not.toContain('interrupted')
      expect(output).toContain('kvm cannot forward ports on this host [E_CAPABILITY]')
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  },
  600_000,
)
