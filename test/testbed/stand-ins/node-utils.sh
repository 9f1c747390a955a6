#!/bin/sh
# STAND-IN: how node-utils.ts is started. The FIFO is there within milliseconds, as from the real one, and not only when Node has come up: a node that is
# started at the same time would make a plain file of it.
if [ "$CREATE_FIFO" = true ] && [ ! -p "$TRACE_STORE" ]; then mkfifo -m 655 "$TRACE_STORE" || exit 1; fi
exec node "${0%.sh}.ts"
