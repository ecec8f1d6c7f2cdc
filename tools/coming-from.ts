import { foreignCommands } from '../src/cli/foreign-commands.ts'
import { foreignKeys } from '../src/manifest/schema/foreign-keys.ts'

/** docs/coming-from.md: other tools' words and ours; the same tables answer a wrong command or key. */
export function comingFrom(): string {
  const code = (text: string) => `\`${text}\``
  const commands = foreignCommands.map(
    ({ words, from, ours, note }) =>
      `| ${words.map(code).join(', ')} | ${from} | ${code(`posada ${ours}`)}${note === undefined ? '' : `; ${note}`} |`,
  )
  const keys = foreignKeys.map(
    ({ words, from, ours, is }) =>
      `| ${words.map(code).join(', ')} | ${from} | ${is === 'key' ? code(ours) : ours} |`,
  )
  return `# Coming from Vagrant, Lima, Docker or Multipass

You need not learn this page: a command or a key of these tools is answered with the one to use here.

\`\`\`text
$ posada start
error: there is no command 'start' [E_USAGE]
  hint: did you mean: posada up?
\`\`\`

## Ideas

| elsewhere | here |
|---|---|
| \`Vagrantfile\`, \`lima.yaml\`, \`compose.yaml\` | \`posada.yaml\`: data, never a program; [manifest.md](manifest.md) |
| Vagrant's box, Lima's image, Docker's image | a box: [boxes.md](boxes.md); Vagrant boxes for libvirt and cloud images are taken as they are |
| Vagrant's provider, Lima's \`vmType\` | \`provider: auto\`, which takes what a probe shows to work; \`kvm\` and \`qemu\` come with Posada |
| a service of Compose, an instance of Lima or Multipass | a machine, with a kernel of its own |
| Vagrant's \`config.vm.provision\`, Lima's \`provision\`, cloud-init's \`runcmd\` | \`provision\`: steps that run when they changed; [provisioning.md](provisioning.md) |
| \`docker compose up --scale web=3\` | \`replicas: 3\` |
| a network of Compose, Vagrant's \`private_network\` | \`networks\`, with names and without root; [networks.md](networks.md) |
| a Docker registry | the same one: boxes are OCI artefacts; [oci.md](oci.md) |
| \`limactl\`, \`multipass\`: instances of a user | machines of a project; \`posada list\` shows those of all projects |
| a daemon (\`dockerd\`, \`multipassd\`) | none: what runs beside machines ends with them |

## A Vagrantfile, translated

\`\`\`ruby
Vagrant.configure("2") do |config|
  config.vm.box = "debian/bookworm64"
  config.vm.network "forwarded_port", guest: 80, host: 8080
  config.vm.provider("libvirt") { |v| v.memory = 1024; v.cpus = 2 }
  config.vm.provision "shell", inline: "apt-get update && apt-get install -y nginx"
end
\`\`\`

\`\`\`yaml
version: 1
box: debian/12
memory: 1GiB
cpus: 2
ports: ["8080:80"]
provision:
  - shell: apt-get update && apt-get install -y nginx
\`\`\`

## Commands

| you type | in | here |
|---|---|---|
${commands.join('\n')}

Vagrant's \`up\`, \`halt\`, \`reload\`, \`destroy\`, \`provision\`, \`ssh\`, \`ssh-config\`, \`status\`, \`validate\` and \`init\` have the same names.

## Keys

| you write | in | here |
|---|---|---|
${keys.join('\n')}

Keys that are listed as [planned](manifest.md#planned) are refused with a message until they are there.
`
}
