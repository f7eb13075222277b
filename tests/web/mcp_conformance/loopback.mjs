// Before the suite begins: what it serves is served to this computer alone, and not to the network around it. It
// asks for its port in the same breath, so the address is put in below `listen`, which would look it up first.

import { Server } from 'node:net'

const { _listen2: bind } = Server.prototype
if (typeof bind !== 'function') throw new Error('this Node.js opens its ports in another way')

Server.prototype._listen2 = function (address, port, family, ...more) {
  return bind.call(this, address ?? '127.0.0.1', port, address ? family : 4, ...more)
}
