export type { RetryOptions } from '../network/backoff.ts';
export type { ListeningAddress } from '../network/listen.ts';
export { httpPost, type HttpPostOptions } from './http-post.ts';
export { httpServer, type HttpServerOptions } from './http-server.ts';
