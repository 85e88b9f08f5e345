import { UsageError } from '../../../contract/errors.ts';
import type { CommandResult } from '../../line/command.ts';
import { bashCompletion } from '../../line/completion/bash.ts';
import { fishCompletion } from '../../line/completion/fish.ts';
import { type Offers, offersOf } from '../../line/completion/offers.ts';
import { zshCompletion } from '../../line/completion/zsh.ts';
import { SHELLS } from '../../line/flags.ts';
import { settingTexts } from '../../line/setting-texts.ts';
import type { CompletionScript } from '../../output/command-data.ts';
import type { Session } from '../../session/session.ts';
import { releasesIn } from '../../settings/config/releases.ts';
import { backendCommands } from '../backend/backend-commands.ts';

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], (offers: Offers) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** What every shell takes as a word. */
const PLAIN = /^[\w.-]+$/;

/** `apptool completion <shell>`: a script that holds all it offers, so that it runs nothing when a key is pressed. */
export async function completionCommand(session: Session): Promise<CommandResult<CompletionScript>> {
  const asked = session.invocation.operands[0] ?? '';
  const shell = SHELLS.find((name) => name === asked.toLowerCase());
  if (shell === undefined) throw new UsageError(`completion needs a shell: ${SHELLS.join(', ')}`);
  const script = SCRIPTS[shell](
    offersOf({
      ownCommands: session.commands,
      backendCommands: await backendCommands(session.backends),
      backends: session.backends,
      texts: await settingTexts(),
      releases: releasesIn(session.config, session.backends)
        .map(({ name }) => name)
        .filter((name) => PLAIN.test(name)),
    }),
  );
  return { text: script.trimEnd(), data: { shell, script } };
}
