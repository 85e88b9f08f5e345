import { testAnswers } from './answers.ts';
import { testDeclared } from './declared.ts';
import { testJob } from './job.ts';
import { testOutput } from './output.ts';
import { testProof } from './proof.ts';
import { createRig } from './rig.ts';
import type { Conformance } from './subject.ts';
import { testTrouble } from './trouble.ts';

export type { AnswerForm, Conformance, DocumentedState } from './subject.ts';

/** Drives a backend's adapter through the interface against its own part of the sandbox. Every backend has to pass all of it. */
export function testAdapter(subject: Conformance): void {
  const rig = createRig(subject);
  testDeclared(rig);
  testJob(rig);
  testAnswers(rig);
  testProof(rig);
  testTrouble(rig);
  testOutput(rig);
}
