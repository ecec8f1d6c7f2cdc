import type { BoxManifest } from '../model.ts'
export async function takeArchive(_source: string, _target: string): Promise<BoxManifest> {
  throw new Error('archives are not read yet')
}
