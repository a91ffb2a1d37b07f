export type { RetryOptions } from '../network/backoff.ts';
export type { ListeningAddress } from '../network/listen.ts';
export { socket, type SocketConnector, type SocketOptions } from './socket.ts';
export { socketServer, type SocketServerOptions } from './socket-server.ts';
