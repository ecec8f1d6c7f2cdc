/** Packages that oclif loads at every start and hardly ever uses: templates, globs, spinners. */
const RARELY_USED = /^(ejs|minimatch|tinyglobby|lilconfig|wsl-utils|cli-spinners)$/

/**
 * An esbuild plugin that puts off the loading of these packages until something of them is used.
 * What oclif imports is a stand-in that loads the package when it is first asked for a member.
 */
export const deferred = {
  name: 'deferred',
  setup(build) {
    build.onResolve({ filter: RARELY_USED }, ({ path, importer, resolveDir, namespace }) => {
      if (namespace === 'deferred' || !importer.includes('/@oclif/core/')) return undefined
      return { path, namespace: 'deferred', pluginData: resolveDir }
    })
    build.onLoad({ filter: /.*/, namespace: 'deferred' }, ({ path, pluginData }) => ({
      resolveDir: pluginData,
      contents: `let loaded
const load = () => (loaded ??= require(${JSON.stringify(path)}))
module.exports = new Proxy({}, { get: (_, key) => (key === '__esModule' ? undefined : load()[key]) })`,
    }))
  },
}
