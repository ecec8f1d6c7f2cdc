import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { addBox, type BoxResult } from '../../app/index.ts'
import { BaseCommand } from '../../base-command.ts'
import { boxText } from '../../cli/index.ts'

export default class BoxAdd extends BaseCommand {
  static override summary = 'Add a box to the store, from a file, a folder, a URL or a registry.'
  static override examples = [
    '<%= config.bin %> box add ./debian.tar.zst',
    '<%= config.bin %> box add oci://registry.example.com/team/debian:12',
    '<%= config.bin %> box add ./shop.box --name team/shop --version 1.2',
    '<%= config.bin %> box add ./debian-12-genericcloud-amd64.qcow2 --name cloud/debian --user debian',
  ]
  static override args = {
    source: Args.string({
      description:
        'A folder with a box.json, an archive of one, a Vagrant box for libvirt, a disk image, a URL, or oci:// and a registry reference.',
      required: true,
      ignoreStdin: true,
    }),
  }
  static override flags = {
    name: Flags.string({
      description: 'The name of a box that has none of its own, such as team/shop.',
      helpValue: 'NAME',
    }),
    version: Flags.string({
      description: 'The version of a box that has none of its own.',
      helpValue: 'VERSION',
    }),
    user: Flags.string({
      description: 'The user to log in as, for a Vagrant box or a cloud image.',
      helpValue: 'USER',
    }),
    firmware: Flags.option({
      description: 'The firmware of a box that does not state it.',
      options: ['bios', 'uefi'] as const,
    })(),
    image: Flags.option({
      description: 'Treat the file as a disk image of this format; raw images are not recognized otherwise.',
      options: ['qcow2', 'raw'] as const,
    })(),
    unchecked: Flags.boolean({ description: 'Accept a download without a checksum.' }),
    force: Flags.boolean({ description: 'Replace a box of the same name and version.' }),
  }

  async run(): Promise<BoxResult> {
    const { args, flags } = await this.parse(BoxAdd)
    const { emit, signal } = this
    const { name, version, user, firmware, image } = flags
    const box = await addBox({
      source: args.source,
      force: flags.force,
      unchecked: flags.unchecked,
      facts: { name, version, user, firmware, image },
      cwd: process.cwd(),
      env: process.env,
      emit,
      signal,
    })
    this.print(boxText(box))
    return box
  }
}
