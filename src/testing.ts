/** The door for the tests of a backend of somebody else's. They run on Vitest, which is theirs: it is not part of this package. */
export { type AnswerForm, type Conformance, type DocumentedState, testAdapter } from './testing/conformance/index.ts';
export { type TestContext, testContext } from './testing/context.ts';
export { type Answer, type Fault, type FaultProxy, faultProxy, type PlannedFault } from './testing/fault-proxy.ts';
export { faults } from './testing/faults.ts';
export { backendInput, openBackend, QUICK_UPLOAD } from './testing/open-backend.ts';
export { sandbox } from './testing/sandbox.ts';
