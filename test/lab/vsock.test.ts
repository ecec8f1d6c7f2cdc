import { expect, it } from 'vitest'
import { runPosada } from './posada-job.ts'

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

const script = `rm /usr/bin/passt
posada doctor || true
posada up
posada status
posada exec -- sh -c 'cat /tmp/first; ls /sys/class/net; cat /proc/cmdline'
posada ssh-config
node /job/project/bin/posada.js ssh-config > /tmp/ssh_config
ssh -T -F /tmp/ssh_config web echo joined by OpenSSH
posada ports
rm -r "$(dirname "$(find /run /tmp -name kvm.sock)")"
posada halt --json
posada destroy --yes
echo '    ports: ["8080:80"]' >> posada.yaml
if posada up; then exit 1; fi
`

// Each starts the outer machine and in it one of the box, without passt: some 5 minutes.
it.each([
  { box: 'posada/tiny', memory: '256MiB' },
  { box: 'debian/12', memory: '1GiB' },
])(
  'reaches $box over vsock where there is no passt',
  async ({ box, memory }) => {
    const job = { boxes: [box], manifest: manifest(box, memory), script, timeout: 580_000 }
    const { output, exitCode } = await runPosada(job)
    expect(exitCode, output.slice(-8000)).toBe(0)
    expect(output).toMatch(/provisioned\s+lo\s/)
    expect(output).toContain('joined by OpenSSH')
    // Its sockets went as they do after a logout.
    expect(output).toMatch(/"how": ?"graceful"/)
    expect(output).not.toContain('interrupted')
    expect(output).toContain('kvm cannot forward ports on this host [E_CAPABILITY]')
  },
  600_000,
)
