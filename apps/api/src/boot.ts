/** The rules without the server: what a machine does as it boots, before its network is up. */
import type { Clock } from "./parts.ts";
import type { Settings } from "./settings.ts";
import { openRules, StartError, type Undo, unwind } from "./start.ts";
import { lockDataDir } from "./store/database.ts";

/**
 * Puts the running revision into the kernel and leaves; gives its number, null when nothing was ever applied. A
 * revision that waits to be confirmed is rolled back: nobody stays who could do so at its deadline, and who started
 * the machine anew has lost the connection that it was tried over. The data directory is one that a server has used.
 * Throws StartError or DataDirError when the kernel does not hold the revision afterwards; the server, when it
 * starts, goes on trying.
 */
export async function boot(settings: Settings, clock: Clock): Promise<number | null> {
  const undo: Undo = [lockDataDir(settings.data)];
  try {
    const { engine } = await openRules(settings, clock, undo, []);
    await engine.start("leaving");
    const { state, detail } = engine.state();
    if (state === "error") throw new StartError(`the rules are not in force: ${detail}`);
    return engine.running()?.revision ?? null;
  } finally {
    await unwind(undo);
  }
}
