// What an HTTP error of the webhook is called in its answer, by status.
export const errorCodes: Readonly<Record<number, string>> = {
  400: 'bad-request',
  404: 'not-found',
  413: 'too-large',
  415: 'unsupported-media-type',
  500: 'internal-error',
}
