/** The words of the reference between its tables. Markdown. */
export const prose = {
  introduction: `# The manifest

<!-- Made from the schema in src/manifest by \`npm run docs\`. Do not edit. -->

\`posada.yaml\` describes the machines of a project. Posada looks for it in the current folder and in every folder above; \`--file\` names another one. It is YAML 1.2, in UTF-8, one document. Keys that are not listed here are errors. All problems are reported at once, each with file, line and column; \`posada validate\` does only that. \`posada schema\` prints the JSON Schema. An editor with yaml-language-server uses it to complete keys and show problems: it finds it in \`posada.schema.json\`, which \`posada init\` writes beside the manifest and its first line names ([why there](decisions/editors.md)). The same schema is for overrides and base manifests.

\`\`\`yaml
version: 1
defaults:
  box: debian/12
machines:
  db:
    disk: 40GiB
    ready:
      - {tcp: 5432}
    provision:
      - name: postgres
        shell: apt-get update && apt-get install -y --no-install-recommends postgresql
        timeout: 10m
  web:
    depends_on: [db]
    ports: ["8080:80"]
    env: {APP_ENV: dev}
    provision:
      - shell: ./scripts/setup.sh
        env: {TOKEN: "\${TOKEN:?set it in .env}"}
      - file: {from: ./nginx.conf, to: /etc/nginx/nginx.conf, mode: "0644"}
      - shell: systemctl restart nginx
\`\`\``,

  machine: `These keys stand under a machine's name in \`machines\`, under \`defaults\`, or, where the file describes a single machine, at its top beside \`version\` (all but \`depends_on\`). The single machine is called \`default\`, and is on all networks that the file has. \`box\` has to be there for every machine, in it or in \`defaults\`.

Names of machines and of the project are lower-case letters, digits and \`-\`, begin with a letter and do not end with \`-\`. Where the project has no name it has its folder's, made valid: \`My Shop\` becomes \`my-shop\`.

A value that is changed applies to a machine that exists:`,

  box: `In short the name or the place of a box; [boxes.md](boxes.md#where-boxes-come-from) has all forms. Or a mapping:`,

  port: `In short \`"[address:]host:guest[/protocol]"\`, in quotes: \`"8080:80"\`, \`"127.0.0.1:5353:53/udp"\`. The address is an IPv4 address, \`127.0.0.1\` unless given. A range is several ports at once, each leading to the one at its place: \`"8000-8010:8000-8010"\`. With \`replicas\` a range of the host that has enough for all of them is shared out: with three, \`"8080-8089:80"\` leads 8080 to port 80 of the first, 8081 to port 80 of the second, and the rest is for further ones.

\`auto\` has whatever listens in the guest, on its loopback or on all of its addresses, forwarded over SSH for as long as it listens: to the same port of this host's loopback where that is free, else to another; a port below 1024 gets one 8000 higher. TCP only, the 64 lowest ports. \`posada ports\` shows them. A small process sees to it that ends with the machine. So it is the guest that chooses among the ports of this host's loopback: from 1024 upwards, none on which somebody answers, none that the manifest gives to something; what you start there later finds its port taken. Where the guest is not yours to trust, list the ports that you want. At most 384 connections are open at once.

Instead of a text, a mapping:`,

  network: `A private network joins machines; each has a NIC on it, beside the one that leads outside. It needs no root and no keys: \`backend: {}\` is enough. [networks.md](networks.md) tells what machines find there.

\`\`\`yaml
networks:
  backend: {subnet: 10.40.0.0/24}
machines:
  db: {networks: [{name: backend, address: 10.40.0.10}]}
  web: {networks: [backend]}
\`\`\``,

  conditions: `They hold for every frame from one machine to another, in each direction, and not for what the network's own services answer. Parts are written with \`%\`, rates with \`bit\`, \`kbit\`, \`mbit\` or \`gbit\` (powers of 1000, a second).`,

  link: `\`between\` names two machines; the other keys are those of \`conditions\`, laid over them for these two, and \`cut: true\`: nothing passes.`,

  attachment: `An item of a machine's \`networks\` is the network's name, or a mapping:`,

  step: `A step has \`shell\`, \`file\`, \`ansible\` or \`puppet\`. Names are unique in a machine.`,

  shell: `\`shell: ./setup.sh\` and \`shell: {path: setup.sh}\` run a script of the host; \`shell: echo hello\` and \`shell: {inline: ./made-in-the-guest}\` run what they say. Exactly one of the keys is there. Paths are relative to the folder of the file that has them. \`shell: https://example.com/setup.sh\` and \`shell: {url: …}\` run a script that is fetched; see [base manifests](#base-manifests) for checksums and \`posada.lock\`.`,

  sensitive:
    'A value that must not be written down anywhere, `sensitive: {TOKEN: {env: DEPLOY_TOKEN}}`, is read when the step runs, each time, and given to its script as a variable. Exactly one of the keys is there. See [provisioning.md](provisioning.md#secrets).',

  file: 'Either `from` or `content` is there. Paths of the host are relative to the folder of the file that has them; `~` is not expanded.',

  ansible:
    '`ansible: ops/site.yml` is `ansible: {playbook: ops/site.yml}`. How playbooks run: [provisioning.md](provisioning.md#ansible-steps).',

  puppet:
    '`puppet: ops/site.pp` is `puppet: {manifest: ops/site.pp}`. How manifests are applied: [provisioning.md](provisioning.md#puppet-steps).',

  hooks: `\`before\` and \`after\` have \`up\`, \`halt\`, \`destroy\`, \`provision\`, \`suspend\`, \`resume\`, \`snapshot\` and \`rewind\`, each with a command, a mapping, or a list of these. [Hooks](hooks.md) tells when they run.

\`\`\`yaml
hooks:
  before: {up: ./scripts/certificates.sh}
  after:
    up:
      - ./scripts/seed.sh
      - {run: systemctl reload nginx, in: guest, timeout: 30s, on_error: warn}
\`\`\``,

  sync: `An item of \`sync\`. [Folders](folders.md) tells what happens to files that both sides change, to deleted ones, to links and modes. The guest writes to a folder of \`type: mirror\` on this computer: \`.posada\` in it is always left alone, and a folder outside the project is only used after you agreed ([security](security.md#what-is-asked-before-it-runs)).

\`\`\`yaml
sync:
  - {from: ., to: /srv/app, exclude: [node_modules]}
  - {from: ./seed, to: /srv/seed, type: once}
\`\`\``,

  disk: `An item of \`disks\`. The guest finds it by its name: \`/dev/disk/by-id/virtio-NAME\` (its serial number). Posada formats it **only if it is blank**, mounts it, and writes a line with \`nofail\` into the guest's \`/etc/fstab\`; a disk that holds anything is never formatted. [Disks](disks.md) tells what happens to disks that grow, are taken out of the manifest, or outlive their machine.

\`\`\`yaml
disks:
  - {name: data, size: 20GiB, mount: /var/lib/postgresql, keep: true}
  - {name: swap, size: 2GiB, filesystem: swap}
\`\`\``,

  probe: `An item of \`ready\` has \`tcp\`, \`http\` or \`shell\`. All look from inside the guest, so no port has to be forwarded for them. They begin when the provision steps are done, all at once; the machine is ready when each was answered well, and \`up\` fails with \`E_NOT_READY\`, the last answer and the \`hint\` when one was not in its time. The machine stays up then, and the next \`up\` looks again.

\`\`\`yaml
ready:
  - {tcp: 5432, hint: "posada exec db -- journalctl -u postgresql"}
  - {http: 8080/health, timeout: 30s}
  - {shell: test -e /run/app/warm, interval: 5s}
\`\`\``,

  units: `## Units

- **Sizes** need a unit: \`B\`, \`KiB\`, \`MiB\`, \`GiB\`, \`TiB\` (powers of 1024), \`kB\`, \`MB\`, \`GB\`, \`TB\` (powers of 1000). \`512MiB\`, \`1.5GiB\`, \`10GB\`.
- **Durations** need units, larger ones first: \`d\`, \`h\`, \`m\`, \`s\`, \`ms\`. \`90s\`, \`1h30m\`, \`500ms\`.

A bare number is an error.`,

  variables: `## Variables

| written | becomes |
|---|---|
| \`\${NAME}\` | the variable; an error when it is not set |
| \`\${NAME:-default}\`, \`\${NAME-default}\` | the default when it is not set, with \`:\` also when it is empty |
| \`\${NAME:?message}\`, \`\${NAME?message}\` | an error with the message when it is not set, with \`:\` also when it is empty |
| \`$$\` | a dollar sign |

Any other \`$\` stands for itself. Variables come from the environment, and from the file \`.env\` beside the manifest where the environment does not have them. A default may hold further expressions.

Variables are put into values, never into keys, and what comes of it is never read as YAML again. It is then checked like any value, so \`cpus: \${CPUS:-2}\` works. **Not touched are scripts in the manifest (\`shell\` that is not a path, \`shell.inline\`), \`file.content\` and \`cloud_init\`**: they are full of \`$\` of their own. Hand values to a script through its \`env\`.

\`.env\` holds lines \`NAME=value\`; \`export \` may stand before the name, \`#\` begins a comment (in a value after white space only). Text in single quotes is taken as it is; in double quotes \`\\n\`, \`\\r\`, \`\\t\` and a backslash before other characters are understood. Both may go on over several lines. Variables in \`.env\` are not replaced. The file is read only when a manifest holds \`\${\`.`,

  bases: `## Base manifests

\`extends: ./platform/base.yaml\` lays the manifest over another one, by the rules [below](#override-and-defaults): the base says what a team's machines have in common, the project what is its own. A base may extend another. It is a manifest like any other, of which nothing has to be there; only the whole is checked, and what is wrong in it is shown by the base's line. \`extends\` in the override takes the place of that in \`posada.yaml\`, and \`null\` there does without. A machine that the base has is taken away by \`machines: {web: null}\`; one that it has not is a new one, also where nothing stands under its name.

A base from a path lies in the repository and is taken as it is. Paths in a base begin at the base's own folder. \`.env\` is the one beside \`posada.yaml\`.

\`\`\`yaml
version: 1
extends: https://example.com/platform/base.yaml
machines:
  web: {ports: ["8080:80"]}
\`\`\`

A base from a URL is fetched by the first \`posada up\` (or \`posada box update\`) and kept in the user's cache; its SHA-256 is written into [\`posada.lock\`](boxes.md#posadalock), and so it stays for everybody until \`posada box update\`. The server is not asked again unless the cache lost the file, and another file there is \`E_LOCK_MISMATCH\`. Commands that only look (\`validate\`, \`status\`, \`ports\`, completion…) fetch nothing that \`posada.lock\` does not have: \`E_NOT_LOCKED\`. A checksum behind the URL (\`#sha256=…\`, or \`#sha512=…\`) says what has to come the first time; by \`http://\` nothing is fetched without one. No variable may be a part of an address to fetch from, here or in \`box\`, \`catalogues\` and scripts (\`E_ADDRESS_VARIABLE\`): what it holds would be sent there. An address with credentials is put into one variable as a whole (\`extends: \${PLATFORM_BASE}\`); they are neither shown nor written down. Trust it as you trust \`posada.yaml\` with the machines: it says what runs in them, and gets what it asks for of your environment and \`.env\` there (\`env\`).

A base from a URL reaches no files and programs of this computer; each of these is \`E_BASE_FETCHED\`, also in what such a base extends:

- Files of the host, by absolute or relative paths (\`file: {from: …}\`, \`cloud_init\`, \`box\`, \`boxes\`, \`catalogues\`, \`extends\`, scripts). Relative ones in \`extends\` and \`shell: ./setup.sh\` lead to what lies beside it on its server, fetched and locked like itself.
- \`providers\`: programs of the host and their arguments.
- Variables in what names a place (\`extends\`, \`box\`, \`catalogues\`, scripts): whoever wrote it would be sent what is in them.`,

  merging: `## Override and defaults

\`posada.override.yaml\` beside \`posada.yaml\` is laid over it; it is for what is personal, and is not committed. (For \`--file other.yaml\` it is \`other.override.yaml\`.) \`defaults\` is laid under each machine, after that. Both follow the same rules:

- mappings are merged, key by key, at any depth: \`env\` of a machine is added to \`env\` of the defaults;
- lists are replaced as a whole: \`ports\` of a machine takes the place of \`ports\` of the defaults;
- single values are replaced;
- \`null\` removes a key: \`disk: null\` takes away a default, \`machines: {web: null}\` in an override a machine.

The result is what is checked. Problems point into the file where the value was written. An empty value counts as no entries where a list or a mapping is expected.`,

  limits: 'A manifest comes with a repository, so it is read with care:',
} as const
