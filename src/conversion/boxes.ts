/** Distributions as names of images have them, and our boxes of them. Ubuntu's are the catalogue's cloud images. */
const distributions: readonly [RegExp, string][] = [
  [/debian[:/-]?(?:12|bookworm)|bookworm/, 'debian/12'],
  [/debian[:/-]?(?:13|trixie)|trixie/, 'debian/13'],
  [/(?:ubuntu.*)?(?:22\.04|jammy)/, 'ubuntu/22.04'],
  [/(?:ubuntu.*)?(?:24\.04|noble)/, 'ubuntu/24.04'],
  [/(?:ubuntu.*)?26\.04/, 'ubuntu/26.04'],
  [/fedora[:/-]?43/, 'fedora/43'],
  [/fedora[:/-]?44/, 'fedora/44'],
  [/rocky(?:linux)?[:/-]?9/, 'rocky/9'],
  [/rocky(?:linux)?[:/-]?10/, 'rocky/10'],
]

/** The box of the distribution that an image of a container is made from, where its name tells; else undefined. */
export function boxOfImage(image: string): string | undefined {
  return distributions.find(([words]) => words.test(image.slice(0, 500).toLowerCase()))?.[1]
}
