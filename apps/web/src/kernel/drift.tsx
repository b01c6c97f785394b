/** What is in the kernel and should not be, or the other way round, and the one button that puts it right. */
import type { KernelListing } from "@flowmgr/flow-api";
import { useId } from "react";
import { Link } from "wouter";
import { useStatus } from "../api/index.ts";
import { type Action, perform, useActions } from "../ui/actions.ts";
import { Button } from "../ui/button.tsx";
import { DiffView } from "../ui/diff-view.tsx";
import { clock } from "../ui/say.ts";
import { Banner } from "../ui/states.tsx";
import styles from "./kernel.module.css";
import { repairWords, sizeOf } from "./repair.ts";
import { type Repaired, useRepair } from "./use-repair.ts";

type Drift = KernelListing["drift"];

/** Over every view of the place as long as there is a difference, and what a repair did. */
export function DriftBanner({ drift }: { drift: Drift }) {
  const { repair, repaired, close, blocked } = useRepair();
  return (
    <>
      {repaired ? <RepairedNotice repaired={repaired} close={close} /> : null}
      {drift.drifted ? <Question drift={drift} blocked={blocked} repair={() => void repair()} /> : null}
    </>
  );
}

type QuestionProps = { drift: Drift; blocked: string | null; repair: () => void };

function Question({ drift, blocked, repair }: QuestionProps) {
  const id = useId();
  const status = useStatus().data;
  const revision = status?.running?.revision ?? null;
  const label = revision === null ? "Repair: take it out" : `Repair: put revision ${revision} back`;
  const action: Action = { id: "repair", label, group: "Kernel", disabled: blocked, run: repair };
  useActions([action]);
  const host = status?.target.kind === "host" ? ` on this machine, ${status.machine}` : "";
  return (
    <Banner
      tone="warning"
      actions={
        <Button
          look="primary"
          aria-disabled={blocked !== null}
          aria-describedby={id}
          onClick={() => perform(action)}
        >
          {label}
        </Button>
      }
    >
      <b>Drift.</b> {drift.detail} <Link href="/kernel?view=drift">What differs</Link>
      <span id={id} className={styles.does}>
        {blocked ?? `Repair ${repairWords(sizeOf(drift.text))}${host}. Nothing else is touched.`}
        {status?.repair.held ? ` ${status.repair.held}` : ""}
      </span>
    </Banner>
  );
}

function RepairedNotice({ repaired, close }: { repaired: Repaired; close: () => void }) {
  const actions = (
    <Button small look="plain" onClick={close}>
      Close
    </Button>
  );
  if (repaired.kind === "refused") {
    return (
      <Banner tone="error" actions={actions}>
        <b>Not repaired.</b> {repaired.message}
      </Banner>
    );
  }
  return (
    <div className={styles.repaired} role="status">
      <p>
        <b>{repaired.changed ? "Repaired." : "Nothing to repair any more."}</b> {stands(repaired.revision)}
      </p>
      {actions}
    </div>
  );
}

function stands(revision: number | null): string {
  return revision === null
    ? "The kernel holds nothing of ours, as nothing was applied."
    : `The kernel holds what revision ${revision} says.`;
}

/** The difference itself, from what should be there to what is, and what was put right lately. */
export function DriftView({ listing: { drift, at, repairs } }: { listing: KernelListing }) {
  const status = useStatus().data;
  return (
    <>
      {drift.drifted ? (
        <Difference drift={drift} />
      ) : (
        <p className={styles.quiet}>
          No drift. {stands(status?.running?.revision ?? null)} Read at {clock(at)}.
        </p>
      )}
      <p className={styles.quiet}>
        {status?.repair.byItself
          ? "The server puts drift right by itself (--drift-repair on)."
          : "Drift is put right when somebody asks for it (--drift-repair off)."}
      </p>
      {repairs.length === 0 ? null : <RepairList repairs={repairs} />}
    </>
  );
}

function RepairList({ repairs }: Pick<KernelListing, "repairs">) {
  return (
    <section aria-label="Put right lately">
      <h2>Put right lately</h2>
      <ul className={styles.repairs}>
        {repairs.map(({ at, by, revision, detail }) => (
          <li key={at}>
            <time dateTime={at}>{clock(at)}</time> {by}
            {revision === null ? "" : `, revision ${revision}`}: {detail}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Difference({ drift }: { drift: Drift }) {
  return (
    <>
      <p className={styles.quiet}>
        <b>−</b> should be in the kernel and is not, <b>+</b> is there and should not be.
      </p>
      {drift.text === "" ? null : <DiffView patch={drift.text} />}
    </>
  );
}
