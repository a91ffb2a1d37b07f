/** A part of a path this long is taken for a secret, as webhooks carry one there. */
const SECRET_LENGTH = 16;

/** A URL as it may be shown: without user, password and query, and with long parts of the path left out. */
export function withoutSecrets(url: URL): string {
  const path = url.pathname
    .split('/')
    .map(part => (part.length >= SECRET_LENGTH ? '…' : part))
    .join('/');
  return `${url.protocol}//${url.host}${path}`;
}
