import { testAdapter } from 'apptool/testing';
import { quay } from '../out/index.js';

const state = (status, phase) => ({
  name: status,
  answer: (reply) => ({ ...reply, status }),
  phases: { '': phase },
});

testAdapter({
  definition: quay,
  fixture: 'v2.apk',
  create: { method: 'POST', path: /\/files$/ },
  status: { method: 'GET', path: /\/files\// },
  states: [
    state('checking', 'running'),
    state('moored', 'succeeded'),
    state('refused', 'failed'),
  ],
  withUnknownStatus: (reply, status) => ({ ...reply, status }),
  unknownId: 'ffff',
});
