// Loaded before the program (node --require): the name that FAR_NAME gives has the addresses of FAR_ADDRESSES, and every handshake takes
// FAR_MS longer, as with a host on another continent.
const dns = require('node:dns');

const { FAR_NAME, FAR_ADDRESSES, FAR_MS } = process.env;
const addresses = FAR_ADDRESSES.split(' ').map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
const lookup = dns.lookup;
dns.lookup = (name, options, done) => {
  if (name !== FAR_NAME) return lookup(name, options, done);
  process.nextTick(() => (options.all ? done(null, addresses) : done(null, addresses[0].address, addresses[0].family)));
};

const { TCP } = process.binding('tcp_wrap');
for (const method of ['connect', 'connect6']) {
  const connect = TCP.prototype[method];
  TCP.prototype[method] = function (request, ...where) {
    const done = request.oncomplete;
    request.oncomplete = function (...values) {
      setTimeout(() => done.apply(this, values), Number(FAR_MS));
    };
    return connect.call(this, request, ...where);
  };
}
