/** Names each test file that has been running for minutes: where a run stands still, its output says where. */
import type { Reporter, TestModule } from "vitest/node";

const LONG_MINUTES = 3;

export default class SlowFiles implements Reporter {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  onTestModuleStart({ moduleId }: TestModule): void {
    const tell = () => console.log(`running for ${LONG_MINUTES} minutes: ${moduleId}`);
    this.#timers.set(moduleId, setTimeout(tell, LONG_MINUTES * 60_000));
  }

  onTestModuleEnd({ moduleId }: TestModule): void {
    clearTimeout(this.#timers.get(moduleId));
    this.#timers.delete(moduleId);
  }
}
