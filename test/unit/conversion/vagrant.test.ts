import { describe, expect, test } from 'vitest'
import { converted, vagrant } from '../../helpers/conversion.ts'

const first = async (body: string) => {
  const { manifest, leftOut } = await vagrant(body)
  const [machine] = manifest.machines
  if (machine === undefined) throw new Error('no machine')
  return { ...machine, leftOut }
}
const scriptOf = (step: unknown) => (step as { source: { inline: string } }).source.inline

describe('values', () => {
  test.each([
    ['"a" + "b" + 1.to_s', 'ab1'],
    ["'a#{1}'", 'a-1'],
    ['"x#{2 * 3 - 1}"', 'x5'],
    ['"x#{7 / 2}#{7 % 4}"', 'x33'],
    ['NAMES[1]', 'beta'],
    ['NAMES.last.upcase.downcase', 'gamma'],
    ['NAMES.join("-")', 'alpha-beta-gamma'],
    ['OPTS[:name]', 'shop'],
    ['OPTS["name"]', 'shop'],
    ['OPTS.fetch(:other, "rest")', 'rest'],
    ['OPTS[:none] || "none"', 'none'],
    ['1 < 2 ? "yes" : "no"', 'yes'],
    ['"web" "site"', 'website'],
    ['%q(quoted)', 'quoted'],
    ['%w[one two].first', 'one'],
    ['$global.strip', 'global'],
    [':symbol', 'symbol'],
    ['"n#{NAMES.length}"', 'n3'],
    ['"a\\u0062\\x63"', 'abc'],
  ])('%s is %s', async (written, name) => {
    const { manifest } = await vagrant(
      `NAMES = ['alpha', "beta", 'gamma'].freeze\nOPTS = { name: "shop", 'port' => 80 }\n$global = " global "\nconfig.vm.hostname = ${written}`,
    )
    expect(manifest.name).toBe(name)
  })

  test.each(['foo', 'File.read("x")', '`x`', 'NAMES', 'rand(10).to_s', '"#{x}"', 'ENV["A"]', 'nil.x'])(
    '%s is not known',
    async (written) => {
      const { leftOut } = await first(`config.vm.hostname = ${written}`)
      expect(leftOut).toEqual([
        { what: 'the box', line: 1, reason: expect.any(String) },
        {
          what: `config.vm.hostname = ${written}`,
          line: 2,
          reason: 'its value is not known without running it',
        },
      ])
    },
  )

  test('what a skipped condition sets is not known any more', async () => {
    const { memory, leftOut } = await first(`m = 512
if RUBY_PLATFORM =~ /darwin/
  m = 4096
end
config.vm.provider("libvirt") { |v| v.memory = m }`)
    expect(memory).toBe(1024 ** 3)
    expect(leftOut.map(({ line }) => line)).toEqual([1, 3, 6])
  })

  test('variables of the environment stay variables', async () => {
    const text = `Vagrant.configure("2") do |config|
  config.vm.box = "a/b"
  config.vm.provision "shell", inline: "echo #{ENV['A']} #{ENV['B'] || 'b'} #{ENV.fetch('C', 'c')}",
    env: { D: ENV['D'], E: "x-#{ENV['E'] || 'e'}" }, args: [ENV['F'] || 'f', '$G $\{H} $$']
end`
    const { manifest } = await converted('Vagrantfile', text)
    const [step] = manifest.machines[0]?.provision ?? []
    expect(step).toMatchObject({
      source: { inline: 'echo ${A} ${B} ${C}' },
      env: { A: '', B: 'b', C: 'c', D: '', E: 'x-e' },
      args: ['f', '$G ${H} $$'],
    })
  })
})

describe('texts', () => {
  test('heredocs of all kinds', async () => {
    const { provision } = await first(`N = 1
config.vm.provision "shell", inline: <<-A
    one #{N}
      two \\$X
    A
config.vm.provision "shell", inline: <<~'B', args: ["x"]
    three #{N} \\n
  B
config.vm.provision("shell", inline: <<"C".strip)
four
C`)
    expect(provision.map(scriptOf)).toEqual(['one 1\n  two $X\n', 'three #{N} \\n\n', 'four'])
    expect(provision[1]).toMatchObject({ args: ['x'] })
  })

  test('comments and what is behind __END__ do not count', async () => {
    const { name, leftOut } = await converted(
      'Vagrantfile',
      `=begin
Vagrant.configure("2") { |c| c.vm.hostname = "no" }
=end
Vagrant.configure("2") do |c| # c.vm.hostname = "no"
  c.vm.box = "a/b"
  c.vm.hostname = "a#b"[0] && "yes" unless false
  c.vm.hostname = \\
    "yes"
end
__END__
system("x")
`,
    ).then(({ manifest, leftOut: left }) => ({ name: manifest.name, leftOut: left }))
    expect(name).toBe('yes')
    expect(leftOut.map(({ line }) => line)).toEqual([6])
  })
})

describe('settings', () => {
  test('ports', async () => {
    const { ports, leftOut } = await first(`config.vm.box = "a/b"
config.vm.network "forwarded_port", guest: 80, host: 8080
config.vm.network :forwarded_port, :guest => 53, :host => 5353, :protocol => "udp", host_ip: "0.0.0.0"
config.vm.network "forwarded_port", guest: 80, host: 8080, auto_correct: true
config.vm.network "forwarded_port", guest: 22, host: 2222, id: "ssh"
config.vm.network "forwarded_port", guest: 99999, host: 1`)
    expect(ports).toMatchObject([
      { hostPort: 8080, guestPort: 80, hostAddress: '127.0.0.1', auto: false },
      { hostPort: 5353, guestPort: 53, hostAddress: '0.0.0.0', protocol: 'udp' },
      { hostPort: 8080, guestPort: 80, auto: true },
    ])
    expect(leftOut.map(({ line }) => line)).toEqual([6, 7])
  })

  test('networks with addresses, of all and of one', async () => {
    const { manifest, leftOut } = await vagrant(`config.vm.box = "a/b"
config.vm.network "private_network", type: "dhcp"
config.vm.define("a") { |a| a.vm.network "private_network", ip: "10.9.0.5", netmask: "255.255.0.0" }
config.vm.define("b") do |b|
  b.vm.network "private_network", ip: "10.9.0.5", netmask: "255.255.0.0"
  b.vm.network "private_network", ip: "10.9.7.1"
  b.vm.network "private_network", ip: "10.0.2.15"
  b.vm.network "private_network", ip: "fd00::1"
end`)
    expect(manifest.networks.map(({ name, subnet }) => [name, subnet]).slice(1)).toEqual([
      ['private-2', '10.9.0.0/16'],
    ])
    expect(manifest.machines.map(({ networks }) => networks.map(({ network }) => network))).toEqual([
      ['private', 'private-2'],
      ['private', 'private-2'],
    ])
    expect(manifest.machines[0]?.networks[1]?.ipv4).toBe('10.9.0.5')
    expect(leftOut.map(({ what, line }) => [line, what.slice(0, 11)])).toEqual([
      [6, 'the address'],
      [7, 'b.vm.networ'],
      [8, 'b.vm.networ'],
      [9, 'b.vm.networ'],
    ])
  })

  test.each([
    ['virtualbox', 'v.customize ["modifyvm", :id, "--memory", "512", "--cpus", 3, "--nested-hw-virt", "on"]'],
    ['libvirt', 'v.memory = "512"; v.cpus = 3; v.nested = true'],
    ['vmware_desktop', 'v.vmx["memsize"] = 512; v.vmx["numvcpus"] = "3"; v.vmx["vhv.enable"] = "TRUE"'],
    ['parallels', 'v.memory = 512\nv.cpus = 3\nv.customize ["set", :id, "--nested-virt", "on"]'],
  ])('memory and processors of %s', async (provider, settings) => {
    const { memory, cpus, nested } = await first(
      `config.vm.provider :${provider} do |v, o|\n${settings}\nend`,
    )
    expect({ memory, cpus }).toEqual({ memory: 512 * 1024 ** 2, cpus: 3 })
    expect(nested).toBe(provider !== 'parallels')
  })

  test('steps', async () => {
    const { provision, leftOut } = await first(`config.vm.box = "a/b"
config.ssh.username = "dev"
config.vm.provision "web", type: "shell", path: "web.sh", args: "a b", privileged: false
config.vm.provision :shell, run: "always" do |s|
  s.path = "https://example.com/x.sh"
  s.name = "web"
  s.args = ["a b"]
end
config.vm.provision "file", source: "~/x", destination: "x"
config.vm.provision "file", source: "/y", destination: "$HOME/y"
config.vm.provision "shell", inline: ["a"]
config.vm.provision "shell", inline: "ls", args: "'a b'", env: {"a b" => "c"}`)
    expect(provision).toMatchObject([
      { name: 'web', args: ['a', 'b'], user: 'dev' },
      { args: ['a b'], run: 'always' },
      { to: '/home/dev/x' },
      { to: '/home/dev/y', owner: 'dev' },
      { source: { inline: 'ls' } },
    ])
    expect(leftOut.map(({ line }) => line)).toEqual([3, 12, 13, 13])
  })

  test('paths are those of the Vagrantfile', async () => {
    const text = 'Vagrant.configure(2) { |c| c.vm.provision "shell", path: "x.sh" }'
    const { manifest } = await converted('../box/Vagrantfile', text, '../box')
    expect(manifest.machines[0]?.provision[0]).toMatchObject({ source: { path: '/nowhere/box/x.sh' } })
  })

  test.each([
    ['"generic/debian12"\nconfig.vm.box_version = ">= 4.3,< 5"', 'vagrant:generic/debian12@>= 4.3, < 5'],
    ['"generic/debian12"\nconfig.vm.box_version = "latest"', 'vagrant:generic/debian12'],
    ['"ubuntu/noble64"', 'ubuntu/24.04'],
    ['"base"', 'debian/12'],
    ['"base"\nconfig.vm.box_url = "./base.box"', './base.box'],
    ['"base"\nconfig.vm.box_url = ["https://example.com/a.box"]', 'https://example.com/a.box'],
    ['ENV["BOX"] || "a/b"', 'vagrant:a/b'],
    ['"../../etc"', 'debian/12'],
  ])('the box of %s', async (written, box) => {
    expect((await first(`config.vm.box = ${written}`)).box).toBe(box)
  })
})
