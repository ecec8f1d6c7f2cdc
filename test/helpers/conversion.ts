import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Conversion, convert } from '../../src/conversion/index.ts'
import { loadManifest, type Manifest } from '../../src/manifest/index.ts'

/** A file of another tool as a manifest, which has to be valid. */
export async function converted(
  name: string,
  text: string,
  folder = '.',
): Promise<Conversion & { manifest: Manifest }> {
  const conversion = convert({ name, text, folder })
  const manifest = await loadManifest({
    file: '/nowhere/shop/posada.yaml',
    cwd: '/nowhere',
    env: {},
    text: conversion.text,
  })
  return { ...conversion, manifest }
}

/** A Vagrantfile whose configuration is these lines. */
export function vagrant(body: string) {
  return converted('Vagrantfile', `Vagrant.configure("2") do |config|\n${body}\nend\n`)
}

export function conversionFixture(name: string): string {
  return readFileSync(join(import.meta.dirname, '..', 'fixtures', 'conversion', name), 'utf8')
}
