/** A revision beside any other, chosen by its number, beside what is in force or beside the draft. */
import type { Revision } from "@flowmgr/flow-api";
import { useEffect, useId, useState } from "react";
import { useStatus } from "../api/index.ts";
import { clock } from "../ui/say.ts";
import { Suggest, type Suggestion } from "../ui/suggest.tsx";
import { Difference, Said } from "./difference.tsx";
import styles from "./history.module.css";
import { readSide, type Side } from "./sides.ts";

type CompareProps = {
  id: number;
  /** As the address has it. */
  to: string;
  choose: (to: Side) => void;
  revisions: readonly Revision[];
};

export function Compare({ id, to, choose, revisions }: CompareProps) {
  const running = useStatus().data?.running?.revision ?? null;
  const side = readSide(to);
  return (
    <>
      <OtherField id={id} to={to} choose={choose} revisions={revisions} />
      {side === null ? null : <Beside id={id} side={side} running={running} />}
    </>
  );
}

function Beside({ id, side, running }: { id: number; side: Side; running: number | null }) {
  const other = side === "running" ? running : side;
  if (other === null) return <Said>Nothing is in force yet.</Said>;
  if (other === id) {
    return <Said>{side === "running" ? "This is what is in force." : "That is this revision itself."}</Said>;
  }
  return <Difference one={id} other={other} />;
}

function OtherField({ id, to, choose, revisions }: CompareProps) {
  const fieldId = useId();
  const [text, setText] = useState(to);
  useEffect(() => setText(to), [to]);
  const wrong = readSide(text) === null;
  return (
    <div className={styles.compare}>
      <span className={styles.fieldLabel}>Compare revision {id} with</span>
      <Suggest
        label={`Compare revision ${id} with`}
        className={styles.field}
        value={text}
        set={setText}
        commit={(next) => {
          const side = readSide(next);
          if (side !== null && String(side) !== to) choose(side);
        }}
        suggestions={suggestionsFor(id, revisions)}
        errorId={wrong ? fieldId : undefined}
      />
      {wrong ? (
        <p id={fieldId} className={styles.wrong}>
          Write a revision's number, running or draft.
        </p>
      ) : null}
    </div>
  );
}

function suggestionsFor(id: number, revisions: readonly Revision[]): Suggestion[] {
  return [
    { value: "draft", detail: "what is edited now" },
    { value: "running", detail: "what is in force" },
    ...revisions
      .filter((revision) => revision.id !== id)
      .map(({ id: other, message, at }) => ({ value: String(other), detail: message || clock(at) })),
  ];
}
