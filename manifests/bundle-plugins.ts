// What esbuild is told about packages and files that it would bundle wrongly, for the image and for `kubectl repeer`.
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'
import { baseManifests } from '../cli/install/base-manifests.ts'

/**
 * `await import('pino')` of a CommonJS package gives Node its named exports; esbuild's chunk for it would have
 * `default` alone. So a module stands between that re-exports by name whatever Node itself sees.
 */
export const namedExports = (root: string): Plugin => ({
  name: 'named-exports',
  setup({ onResolve, onLoad }) {
    const namespace = 'named-exports'
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'dynamic-import' && !isBuiltin(path) ? { path, namespace } : undefined,
    )
    onLoad({ filter: /.*/, namespace }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter(name => name !== 'module.exports')
      return { contents: `export { ${names.join(', ')} } from '${path}'`, resolveDir: root }
    })
  },
})

/**
 * client-node's generated models set fields of their classes at the top level, which a bundler has to take for side
 * effects and keep: 4 MB, and 20 MB resident in the webhook, which uses its KubeConfig alone.
 */
export const unusedModels: Plugin = {
  name: 'unused-models',
  setup({ onResolve }) {
    onResolve({ filter: /^\.{1,2}\/.*\.js$/ }, ({ path, resolveDir }) =>
      resolveDir.includes('/@kubernetes/client-node/dist')
        ? { path: join(resolveDir, path), sideEffects: false }
        : undefined,
    )
  },
}

/** A bundle has no folder manifests/ beside it: the texts take the place of the module that reads them there. */
export const embeddedManifests: Plugin = {
  name: 'embedded-manifests',
  setup({ onLoad }) {
    onLoad({ filter: /\/cli\/install\/base-manifests\.ts$/ }, () => ({
      contents: `const texts = ${JSON.stringify(baseManifests())}\nexport const baseManifests = () => texts`,
    }))
  },
}

/**
 * client-node's own requests go by undici, whose version there is for Node 22.19 and later: it fails on Node 20 when it
 * is loaded. Ours go by node:https (kubernetes/api-request.ts), with what KubeConfig says of proxies and certificates.
 */
export const withoutUndici: Plugin = {
  name: 'without-undici',
  setup({ onResolve, onLoad }) {
    const namespace = 'without-undici'
    onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, namespace }))
    onLoad({ filter: /.*/, namespace }, () => ({ contents: 'module.exports = {}', loader: 'js' }))
  },
}
