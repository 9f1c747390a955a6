#!/usr/bin/env node
// The `kubectl repeer` plugin, and the npm package's `repeer`: the commands for people. Bundled as one CommonJS file
// without an ending (manifests/cli/bundle.ts), so no `await` stands outside of a function.
import './older-node.ts'
import { basename } from 'node:path'
import { argv } from 'node:process'
import { runProcess } from './process.ts'
import { userCommands } from './user-commands.ts'

/** kubectl starts the file by this name. */
const [, entry = ''] = argv
const name = basename(entry) === 'repeer' ? 'repeer' : 'kubectl repeer'

void runProcess(entry, { name, commands: userCommands })
