import { expect, it } from 'vitest'
import { readVagrantfile } from '../../../../src/box/vagrant/vagrantfile.ts'

it('tells which settings have no effect, and takes user and firmware', () => {
  const facts = readVagrantfile(`# -*- mode: ruby -*-
Vagrant.configure("2") do |config|
  config.vm.base_mac = "525400123456"
  config.ssh.username = "core"
  config.ssh.insert_key = false
  config.ssh.private_key_path = File.expand_path("../vagrant_private_key", __FILE__)
  config.vm.synced_folder ".", "/vagrant", disabled: true
  config.vm.synced_folder "a", "/b"
  config.vm.provider :libvirt do |libvirt|
    libvirt.driver = "kvm"
    libvirt.loader = "/usr/share/OVMF/OVMF_CODE.fd"
  end
end
`)
  expect(facts).toEqual({
    user: 'core',
    firmware: 'uefi',
    ignored: ['config.vm.base_mac', 'config.vm.synced_folder', 'libvirt.driver'],
    hasCode: false,
  })
})

it('knows a program when it sees one, and runs nothing', () => {
  const facts = readVagrantfile(
    'system("rm -rf /")\nload "x" if File.exist?("x")\nconfig.ssh.username = `id`\n',
  )
  expect(facts).toEqual({ user: null, firmware: null, ignored: ['config.ssh.username'], hasCode: true })
})

it('takes its time in proportion to what is read, whatever that is', () => {
  const line = `config.${'a.'.repeat(5000)}\n`
  const begun = process.cpuUsage().user
  readVagrantfile(line.repeat(1000))
  readVagrantfile('Vagrant.configure("2")'.repeat(50_000))
  expect((process.cpuUsage().user - begun) / 1e6).toBeLessThan(10)
})
