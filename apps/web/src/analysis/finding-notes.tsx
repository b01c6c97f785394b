/** What the analysis found of one rule, with its mends and a packet that shows it. */
import type { Config, Diagnostic } from "@flowmgr/flow-model";
import { Link } from "wouter";
import { useEdit } from "../api/draft.ts";
import { Button } from "../ui/button.tsx";
import { notify } from "../ui/notices.tsx";
import { testAddress } from "../ui/packet-link.ts";
import { sentence } from "../ui/say.ts";
import styles from "./finding-notes.module.css";
import { useFindings } from "./use-findings.ts";

type FindingNotesProps = {
  findings: readonly Diagnostic[];
  /** The draft, which the mends change. */
  config: Config;
  disabled: boolean;
};

/** Each mend is one step of Undo. */
export function FindingNotes({ findings, config, disabled }: FindingNotesProps) {
  const { edit, undo } = useEdit();
  const fresh = useFindings(config)?.fresh ?? false;
  if (findings.length === 0) return null;

  function mend({ label, edits }: EditFix): void {
    const step = label.charAt(0).toLowerCase() + label.slice(1);
    // What was found in an older draft may name another rule by now.
    const problem = fresh ? edit(edits, step)?.message : "the draft has just changed; look again";
    if (problem) notify({ text: `Cannot ${step}: ${problem}`, tone: "error" });
    else notify({ text: `Done: ${step}`, action: { label: "Undo", run: undo, undoes: step } });
  }

  return (
    <ul className={styles.notes} aria-label="What packets meet here" aria-live="polite">
      {findings.map((one) => (
        <li key={`${one.code} ${one.path}`} className={styles[one.severity]}>
          <span className="visually-hidden">{one.severity}: </span>
          {sentence(one.message)}
          <div className={styles.ways}>
            {editFixes(one).map((fix) => (
              <Button key={fix.label} look="link" small disabled={disabled} onClick={() => mend(fix)}>
                {fix.label}
              </Button>
            ))}
            {one.packet ? (
              <Link className={styles.test} href={testAddress(one.packet)} title={one.packet}>
                Test such a packet
              </Link>
            ) : null}
          </div>
        </li>
      ))}
    </ul>
  );
}

type EditFix = Extract<NonNullable<Diagnostic["fixes"]>[number], { edits: unknown }>;

/** The mends of a diagnostic that are edits of the config. */
function editFixes({ fixes = [] }: Diagnostic): EditFix[] {
  return fixes.flatMap((fix) => ("edits" in fix ? [fix] : []));
}
