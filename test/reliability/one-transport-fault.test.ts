import { testEachFault } from '../support/one-fault.ts';

testEachFault((id) => id.startsWith('F-NET-'));
