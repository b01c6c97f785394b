/** One line: is what I typed in the draft, and if not, why. */
import { useDraft, useOnline, useStore } from "../api/index.ts";
import { clock, counted } from "../ui/say.ts";
import { useLate } from "../ui/use-late.ts";
import { errorsIn } from "./standing.ts";
import styles from "./text.module.css";
import { textSession } from "./text-session.ts";

export function TextState() {
  const { diagnostics, checked, typed, conflict, safe } = useStore(textSession.view);
  const { settled, changedAt, changedBy } = useDraft();
  const online = useOnline();
  const errors = errorsIn(diagnostics);
  const busy = useLate(!checked || !settled, 600);
  const [tone, words] = ((): ["good" | "bad" | "wait", string] => {
    if (!safe)
      return ["bad", "Not in the draft, and this browser has no room for it: copy it before you leave"];
    if (errors > 0) {
      return ["bad", `${counted(errors, "error")}${typed ? ", not in the draft; kept in this browser" : ""}`];
    }
    if (conflict) return ["wait", "Not in the draft yet"];
    if (!settled && !online) return ["wait", "Kept; sent when the server is back"];
    if (busy) return ["wait", checked ? "Saving" : "Checking"];
    const at = changedAt ? `, changed ${clock(changedAt)} by ${changedBy}` : "";
    return ["good", `In the draft${at}`];
  })();
  return (
    <p id="text-state" className={styles.state} role="status">
      <span className={`${styles.dot} ${styles[tone]}`} aria-hidden="true" />
      {words}
    </p>
  );
}
