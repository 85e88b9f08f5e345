import fc from 'fast-check';
import { SEED } from './share.ts';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED });

/** fast-check by the seed of the day: a run that fails can be had again, and the next day tries other values. */
export { fc };
