// As much of the package ws as is used here; it brings no types of its own.
declare module 'ws' {
  import type { EventEmitter } from 'node:events'
  import type { IncomingMessage } from 'node:http'
  import type { Duplex } from 'node:stream'

  export class WebSocketServer extends EventEmitter {
    readonly clients: ReadonlySet<WebSocket>
    constructor(options: { noServer: true; handleProtocols: () => string })
    handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, done: (client: WebSocket) => void): void
  }

  export class WebSocket extends EventEmitter {
    constructor(url: string, options: { maxPayload: number; perMessageDeflate: boolean; followRedirects: boolean })
    constructor(
      url: string,
      protocols: readonly string[],
      options: { handshakeTimeout: number; maxPayload: number; perMessageDeflate: boolean },
    )
    send(content: string | Buffer): void
    close(): void
    /** Ends the connection without a closing handshake. */
    terminate(): void
    on(event: 'open', listener: () => void): this
    on(event: 'close', listener: (code: number, reason: Buffer) => void): this
    on(event: 'error', listener: (error: Error) => void): this
    on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): this
  }
}
