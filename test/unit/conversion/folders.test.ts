import { expect, test } from 'vitest'
import { converted, vagrant } from '../../helpers/conversion.ts'

const syncOf = async (name: string, text: string) => {
  const { manifest, leftOut } = await converted(name, text)
  const folders = manifest.machines.map(({ sync }) =>
    sync.map(({ to, type, exclude }) => [to, type, ...exclude].join(' ')),
  )
  return { folders, reasons: leftOut.map(({ reason }) => reason) }
}

test('folders of a Vagrantfile: live ones are mirrored, those of rsync copied', async () => {
  const { manifest, text } = await vagrant(`
  config.vm.synced_folder ".", "/vagrant", disabled: true
  config.vm.synced_folder "src/", "/srv/website", type: "nfs"
  config.vm.synced_folder "./data", "/data", type: "rsync", rsync__exclude: [".git/", "tmp"]
  config.vm.synced_folder "~/x", "/home/x"
  config.vm.synced_folder ENV.fetch("SRC", "a"), "/a"
  config.vm.synced_folder "b", "/srv"
  config.vm.synced_folder "b", "relative"
  config.vm.synced_folder "b", "/"`)
  expect(manifest.machines[0]?.sync.map(({ to, type }) => `${to} ${type}`)).toEqual([
    '/srv/website mirror',
    '/data once',
    '/home/x mirror',
    '/a mirror',
  ])
  expect(text).toContain('from: ./src\n')
  expect(text).toContain('from: ${HOME:-}/x\n')
  expect(text).toContain('another folder has that place in the guest')
})

test('each machine has the folders of all, and its own in their place', async () => {
  const { manifest } = await vagrant(`
  config.vm.synced_folder ".", "/srv/app"
  config.vm.synced_folder "seed", "/seed"
  config.vm.define "a" do |a|
    a.vm.synced_folder "a", "/srv/app/sub"
  end
  config.vm.define "b"`)
  const folders = manifest.machines.map(({ sync }) => sync.map(({ to }) => to).join(' '))
  expect(folders).toEqual(['/seed /srv/app/sub', '/srv/app /seed'])
})

test('mounts of Lima: what the guest may write is mirrored, and not the whole home', async () => {
  const mounts = '{location: "~"}, {location: "~/w", mountPoint: /w, writable: true}, {location: /tmp/lima}'
  const { folders, reasons } = await syncOf('lima.yaml', `images: []\nmounts: [${mounts}]\n`)
  expect(folders).toEqual([['/w mirror', '/tmp/lima once']])
  expect(reasons.slice(1)).toEqual([
    'the home folder is not mirrored as a whole; name the folder that you work in',
  ])
})

test('folders of a devcontainer', async () => {
  const text = (keys: object) => JSON.stringify({ image: 'debian:12', ...keys })
  const mount = 'source=${localWorkspaceFolder},target=/workspace,type=bind,consistency=cached'
  const opened = await syncOf('devcontainer.json', text({ workspaceFolder: '/workspaces/shop' }))
  expect(opened.folders).toEqual([['/workspaces/shop mirror']])
  const mounted = await syncOf(
    'devcontainer.json',
    text({
      workspaceMount: mount,
      workspaceFolder: '/workspace/sub',
      mounts: [
        'source=db,target=/var/lib/db,type=volume',
        { source: '${localEnv:HOME}/x', target: '/x', type: 'bind' },
      ],
    }),
  )
  expect(mounted.folders).toEqual([['/workspace mirror']])
  expect(mounted.reasons.slice(1)).toEqual([
    'a volume: what is in it lies on the disk of the machine',
    'it has variables that only a devcontainer fills in',
  ])
})

test('volumes of compose: folders, and neither named volumes nor files', async () => {
  const volumes =
    '["./app:/app", "db:/var/lib/db", "./nginx.conf:/etc/nginx.conf", "../x:/x:ro", {type: bind, source: ./y, target: /y}]'
  const { folders, reasons } = await syncOf(
    'compose.yaml',
    `services:\n  a:\n    image: debian:12\n    volumes: ${volumes}\n`,
  )
  expect(folders).toEqual([['/app mirror', '/x once', '/y mirror']])
  expect(reasons).toContain('it looks like a file: use a step with file:')
  expect(reasons).toContain('a volume: what is in it lies on the disk of the machine')
})
