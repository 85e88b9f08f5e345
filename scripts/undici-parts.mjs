// Stands in for the package undici in the bundle: its pools, its proxies, and the calls of a dispatcher. The package's own entry loads fetch,
// WebSocket and more as well, which cost time at every start; and it touches the global Headers, on which Node.js loads its own copy of all
// that, and starts WebAssembly for it, even for a command that opens no connection.

import api from '../node_modules/undici/lib/api/index.js';
import Dispatcher from '../node_modules/undici/lib/dispatcher/dispatcher.js';

// As undici's own index.js does it.
Object.assign(Dispatcher.prototype, api);

export { default as buildConnector } from '../node_modules/undici/lib/core/connect.js';
export { default as Agent } from '../node_modules/undici/lib/dispatcher/agent.js';
export { default as Pool } from '../node_modules/undici/lib/dispatcher/pool.js';
export { default as ProxyAgent } from '../node_modules/undici/lib/dispatcher/proxy-agent.js';
