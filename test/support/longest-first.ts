import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take longest where all is run, the longest first. Their tests are made by a loop, so they are small, and Vitest, which begins with
 * the largest files where it has no times of an earlier run, would begin them last: one of them would run for minutes beside an idle core.
 */
const LONGEST = [
  'reliability/release-schedules',
  'recipes/fleet',
  'reliability/one-http-fault',
  'reliability/odd-questions',
  'recipes/hostile-checkout',
  'reliability/one-transport-fault',
  'reliability/schedules-1',
  'reliability/schedules-2',
  'recipes/release',
  'recipes/other-cis',
  'recipes/gitlab-engine',
  'recipes/matrix',
].map((name) => `/test/${name}.test.ts`);

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.findIndex((one) => moduleId.endsWith(one));
      return found === -1 ? LONGEST.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
