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

You need not learn this page: a command or a key of these tools is answered with the one to use here, and
[\`posada init --from FILE\`](#making-a-manifest-from-their-files) makes a manifest from their files.

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

## Making a manifest from their files

\`posada init --from FILE\` makes a manifest from what a team has. With \`-\` after the file it is printed instead of written:

| file | what is carried over |
|---|---|
| \`Vagrantfile\` | machines, boxes with versions and checksums, ports, private networks, shell and file steps, memory, processors and disk of the provider, time-outs |
| \`devcontainer.json\` | name, ports, variables, host requirements, commands of its life as steps |
| \`lima.yaml\` | image, architecture, processors, memory, disk, scripts of the modes \`system\`, \`user\` and \`data\`, ports, variables, probes |
| \`compose.yaml\` | a machine for each service: ports, variables, dependencies, networks, limits, replicas. What runs in a container is for provision steps to install |
| cloud-config | a machine of a cloud image that is given the file |

The file is recognized by its name or its content. **Nothing in the file is run**: a Vagrantfile is read as far as it can
be without running it. Constants, loops over what is written out, texts with \`#{}\` and heredocs are followed; \`ENV['X']
|| 'y'\` becomes \`\${X:-y}\`, which a script gets as a variable of its step. Conditions, methods, plug-ins, other files
and whatever else is known only when it runs are left out.

What was left out is listed in comments of the manifest, each with the line of the file and the reason; with \`--json\` it
is \`leftOut\`. The manifest is valid, or it is not written. Look through it all the same:

- Ports listen on 127.0.0.1 where the file names no address. Vagrant and Compose listen on all addresses then.
- A script without \`#!\` is run with \`bash -e\`: it ends with the first command that fails.
- \`privileged: false\` becomes \`user: vagrant\`, whom Vagrant's boxes have.
- Folders of the host are not shared with guests yet: copy what is needed with a \`file\` step.

## Commands

| you type | in | here |
|---|---|---|
${commands.join('\n')}

Vagrant's \`up\`, \`halt\`, \`suspend\`, \`resume\`, \`reload\`, \`destroy\`, \`provision\`, \`ssh\`, \`ssh-config\`, \`status\`, \`validate\` and \`init\` have the same names.

## Keys

| you write | in | here |
|---|---|---|
${keys.join('\n')}
`
}
