/** Who would be cut off, before anything else in Review: with the packet, the mend, and the way to insist. */
import type { Lockout, LockoutFinding } from "@flowmgr/flow-api";
import { useId } from "react";
import { Link } from "wouter";
import { useDraft, useEdit } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { notify } from "../ui/notices.tsx";
import { testAddress } from "../ui/packet-link.ts";
import { sentence } from "../ui/say.ts";
import styles from "./lockout.module.css";
import { editsOf } from "./mend.ts";

type LockoutNoticeProps = {
  lockout: Lockout;
  /** An apply stops at it unless it is accepted. */
  blocks: boolean;
  accepted: boolean;
  accept: (accepted: boolean) => void;
  /** A mend was made, as this step of Undo. */
  mended: (step: string) => void;
};

export function LockoutNotice({ lockout, blocks, accepted, accept, mended }: LockoutNoticeProps) {
  const id = useId();
  const { status, findings, notes } = lockout;
  const quiet = findings.length === 0 && status === "complete";
  if (quiet) return notes.length > 0 ? <Notes notes={notes} /> : null;
  const first = findings.filter((one) => one.blocks);
  const others = findings.filter((one) => !one.blocks);
  return (
    <section className={styles.lockout} data-blocks={blocks || undefined} aria-labelledby={id}>
      <h2 id={id}>{titleOf(lockout, blocks)}</h2>
      <ul>
        {[...first, ...others].map((finding) => (
          <Finding key={`${finding.name} ${finding.sentence}`} finding={finding} mended={mended} />
        ))}
      </ul>
      {status === "partial" ? (
        <p>Not all was looked at in time: that nobody else is cut off is not proven.</p>
      ) : null}
      {notes.length > 0 ? <Notes notes={notes} /> : null}
      {blocks ? (
        <label className={styles.accept}>
          <input
            type="checkbox"
            checked={accepted}
            onChange={({ currentTarget }) => accept(currentTarget.checked)}
          />
          {findings.some(({ what }) => what === "connection" || what === "admin")
            ? "I know that this cuts me off"
            : "I know that this may cut off who needs the machine"}
        </label>
      ) : null}
    </section>
  );
}

function titleOf({ findings }: Lockout, blocks: boolean): string {
  if (findings.length === 0) return "Whether somebody is cut off is not known.";
  if (!blocks) return "Packets that a machine usually needs would not get through.";
  const you = findings.some(({ what, blocks }) => blocks && (what === "connection" || what === "admin"));
  return you ? "This would cut you off." : "This would cut off what the machine needs.";
}

function Notes({ notes }: { notes: readonly string[] }) {
  return (
    <ul className={styles.notes} aria-label="What could not be looked at">
      {notes.map((note) => (
        <li key={note}>{sentence(note)}</li>
      ))}
    </ul>
  );
}

type FindingProps = { finding: LockoutFinding; mended: (step: string) => void };

function Finding({ finding: { sentence: words, sample, fix }, mended }: FindingProps) {
  const { config } = useDraft();
  const { edit } = useEdit();

  function mend(one: NonNullable<LockoutFinding["fix"]>): void {
    const edits = config ? editsOf(one, config) : [];
    const step = one.label.charAt(0).toLowerCase() + one.label.slice(1);
    const problem = edit(edits, step)?.message;
    if (problem) notify({ text: `Cannot ${step}: ${problem}`, tone: "error" });
    else mended(step);
  }

  return (
    <li>
      <span className={styles.words}>
        {sentence(words)}{" "}
        <span className={styles.sample}>
          e.g. <code>{sample.line}</code>{" "}
          <Link href={testAddress(sample.line)} aria-label={`Test ${sample.line}`}>
            Test
          </Link>
        </span>
      </span>
      {fix ? (
        <Button look="link" small title={fix.text} onClick={() => mend(fix)}>
          {fix.label}
        </Button>
      ) : null}
    </li>
  );
}

/** What was mended just now, with the way back, as long as it is the last step. `follow`: this change is one's own. */
export function Mended({ step, follow }: { step: string | null; follow: () => void }) {
  const { undo, undoLabel } = useEdit();
  if (step === null || step !== undoLabel) return null;
  return (
    <p className={styles.mended} role="status">
      <span>Done: {step}.</span>
      <Button
        look="link"
        small
        onClick={() => {
          follow();
          undo();
        }}
      >
        Undo
      </Button>
    </p>
  );
}
