#!/usr/bin/env node
// The `repeer` program, with all its commands: what the image has, and a checkout.
import { fileURLToPath } from 'node:url'
import { commands } from './commands.ts'
import { runProcess } from './process.ts'

await runProcess(fileURLToPath(import.meta.url), { name: 'repeer', commands })
