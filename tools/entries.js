/** Files that are started by name, each with its name in dist/: what the build makes and what nothing imports. */
export const modules = {
  provider: 'src/provider/index.ts',
  provisioner: 'src/provisioners/plugin/contract.ts',
  test: 'src/testing/index.ts',
  network: 'src/network/process/main.ts',
  forwarder: 'src/forwarder/main.ts',
  sync: 'src/sync-process/main.ts',
  keeper: 'src/keeper/main.ts',
  link: 'src/remote/link/main.ts',
  serve: 'src/app/host/server.ts',
  'run-watchdog': 'src/app/run/watchdog.ts',
  'warm-maker': 'src/app/warm/maker.ts',
}

/** What a hypervisor runs in processes and threads of their own: each a file of its own, which starts sooner. */
export const processes = {
  'qemu-guard': 'providers/qemu/guard/main.ts',
  'kvm-launch': 'providers/kvm/process/confined-launch.ts',
  'kvm-vmm': 'providers/kvm/process/main.ts',
  'kvm-machine': 'providers/kvm/process/run-machine.ts',
  'kvm-vcpu': 'providers/kvm/vcpu/worker.ts',
  'kvm-probe': 'providers/kvm/probe/main.ts',
}

/** The command line: what bin/posada.js starts, and what that loads, to which the build adds the commands. */
export const launcher = { main: 'src/cli/launch.ts' }
export const commandLine = 'src/cli/main.ts'
