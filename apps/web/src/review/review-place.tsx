/** What an apply would do, and the apply. */
import type { FlowChange, Plan } from "@flowmgr/flow-api";
import { useState } from "react";
import { Link } from "wouter";
import { useDraft, useOnline, usePlan, useStatus } from "../api/index.ts";
import { CHANGE_WORDS } from "../frame/use-changes.ts";
import { Button } from "../ui/button.tsx";
import { DiffView } from "../ui/diff-view.tsx";
import { clock, counted } from "../ui/say.ts";
import { Banner, PlaceState, Waiting } from "../ui/states.tsx";
import { Tabs } from "../ui/tabs.tsx";
import { useMedia } from "../ui/use-media.ts";
import { ApplyBar } from "./apply-bar.tsx";
import { ApplyForm, DEFAULT_WITHIN } from "./apply-form.tsx";
import { blockedBy, LOCKOUT, stopsAtLockout } from "./blocked.ts";
import { Findings, NeedlessRules } from "./findings.tsx";
import { headlineOf } from "./headline.ts";
import { KernelView } from "./kernel-view.tsx";
import { LockoutNotice, Mended } from "./lockout.tsx";
import { OutcomeNotice } from "./outcome-notice.tsx";
import { PacketsView } from "./packets-view.tsx";
import styles from "./review.module.css";
import { useApply } from "./use-apply.ts";

/** `textErrors`: errors of a text that is not in the draft, so that nobody takes it for reviewed. */
export function ReviewPlace({ textErrors }: { textErrors: number }) {
  const { data: plan, error, refetch, isPlaceholderData } = usePlan();
  const { error: draftError } = useDraft();
  const failed = error ?? draftError;
  if (plan) return <Review plan={plan} outdated={isPlaceholderData} textErrors={textErrors} />;
  if (!failed) return <Waiting>Working out what would change</Waiting>;
  return (
    <PlaceState
      title="What would change could not be worked out"
      actions={<Button onClick={() => void refetch()}>Try again</Button>}
    >
      {failed.message} The rules in the kernel stay in force.
    </PlaceState>
  );
}

type ReviewProps = {
  plan: Plan;
  /** It is of another draft, or against other rules, than those of now. */
  outdated: boolean;
  textErrors: number;
};

function Review({ plan, outdated, textErrors }: ReviewProps) {
  const status = useStatus().data;
  const online = useOnline();
  const { settled } = useDraft();
  const { apply, running, outcome, close } = useApply();
  const { moved, markRead } = useMoved(plan.etag);
  const { accepted, accept } = useAccepted(plan);
  const [mended, setMended] = useState<string | null>(null);
  const [message, setMessage] = useState("");
  const [within, setWithin] = useState<number | null>(null);
  const confirmWithin = within ?? status?.confirmWithin ?? DEFAULT_WITHIN;
  const blocked = blockedBy({
    plan,
    status,
    online,
    settled,
    moved,
    outdated,
    applying: running,
    accepted,
  });
  async function press(): Promise<void> {
    const taken = accepted && stopsAtLockout(plan) ? [LOCKOUT] : [];
    const came = await apply({ etag: plan.etag, message, confirmWithin, accept: taken });
    // Once for each apply.
    accept(false);
    if (came.kind !== "applied") return;
    setMessage("");
    markRead();
  }
  return (
    <div className={styles.place}>
      <div className={styles.scroll}>
        {outcome ? <OutcomeNotice outcome={outcome} close={close} /> : null}
        {moved ? <MovedNotice markRead={markRead} /> : null}
        <div className={styles.sheet}>
          <Headline plan={plan} outdated={outdated} textErrors={textErrors} />
          <div className={styles.planned} data-outdated={outdated || undefined}>
            <Mended step={mended} follow={markRead} />
            {plan.lockout ? (
              <LockoutNotice
                lockout={plan.lockout}
                blocks={stopsAtLockout(plan)}
                accepted={accepted}
                accept={accept}
                mended={(step) => {
                  markRead();
                  setMended(step);
                }}
              />
            ) : null}
            <Findings diagnostics={plan.diagnostics.filter(({ code }) => code !== LOCKOUT)} />
            <Views plan={plan} />
          </div>
          <ApplyForm message={message} setMessage={setMessage} within={confirmWithin} setWithin={setWithin} />
          <NeedlessRules />
        </div>
      </div>
      <ApplyBar
        blocked={blocked}
        within={confirmWithin}
        changes={plan.changes.length}
        apply={() => void press()}
      />
    </div>
  );
}

/** Whether the draft became another since this place was opened or the person said "read". */
function useMoved(etag: string): { moved: boolean; markRead: () => void } {
  const [read, setRead] = useState(etag);
  const [follow, setFollow] = useState(false);
  if (follow && read !== etag) {
    setRead(etag);
    setFollow(false);
  }
  return {
    moved: read !== etag,
    markRead: () => (read === etag ? setFollow(true) : setRead(etag)),
  };
}

/** "I know": of this very lock-out; of another one nobody knows yet. */
function useAccepted(plan: Plan): { accepted: boolean; accept: (accepted: boolean) => void } {
  const current = JSON.stringify(plan.lockout?.findings.map(({ sentence }) => sentence));
  const [known, setKnown] = useState<string | null>(null);
  return { accepted: known === current, accept: (accepted) => setKnown(accepted ? current : null) };
}

function MovedNotice({ markRead }: { markRead: () => void }) {
  const { changedBy, changedAt } = useDraft();
  return (
    <Banner
      tone="warning"
      actions={
        <Button small onClick={markRead}>
          I have read it
        </Button>
      }
    >
      <b>
        {changedBy} changed the draft
        {changedAt ? ` at ${clock(changedAt)}` : ""}
      </b>{" "}
      while you were reviewing it. Below is what it would do now.
    </Banner>
  );
}

function Headline({ plan, outdated, textErrors }: ReviewProps) {
  const status = useStatus().data;
  return (
    <header className={styles.headline}>
      <h1>{outdated ? "Working out what would change" : headlineOf(plan)}</h1>
      {outdated ? null : <Who plan={plan} />}
      {status?.target.kind === "host" ? (
        <p className={styles.host}>
          Applies to this machine, {status.machine}: its own traffic and your connection to it.
        </p>
      ) : null}
      {textErrors > 0 ? (
        <p className={styles.unsaved}>
          Text has {counted(textErrors, "error")}: what was typed there is not part of this.{" "}
          <Link href="/text">Go to Text</Link>
        </p>
      ) : null}
    </header>
  );
}

function Who({ plan }: { plan: Plan }) {
  const names = plan.changes.slice(0, 8).map(worded);
  if (plan.changes.length > 8) names.push(`${(plan.changes.length - 8).toLocaleString("en")} more`);
  const authors = plan.authors.map(({ name, at }) => `${name} ${clock(at)}`);
  return (
    <>
      {names.length > 0 ? <p>{names.join(", ")}</p> : null}
      {authors.length > 0 ? <p>edited by {authors.join(", ")}</p> : null}
    </>
  );
}

function worded({ name, change, was }: FlowChange): string {
  return `${name} ${was ? `(was ${was}) ` : ""}${CHANGE_WORDS[change]}`;
}

const TABS = [
  { name: "packets", title: "Packets" },
  { name: "text", title: "Text" },
  { name: "kernel", title: "Kernel" },
] as const;

function Views({ plan }: { plan: Plan }) {
  const [chosen, choose] = useState<"packets" | "text" | "kernel">("packets");
  const wide = useMedia("(min-width: 1100px)");
  const [split, setSplit] = useState(true);
  const toggle =
    wide && chosen === "text" && plan.text !== "" ? (
      <Button small look="plain" onClick={() => setSplit(!split)}>
        {split ? "One column" : "Side by side"}
      </Button>
    ) : null;
  return (
    <Tabs label="Views of the change" tabs={TABS} chosen={chosen} choose={choose} aside={toggle}>
      {chosen === "packets" ? (
        <PacketsView packets={plan.packets} etag={plan.etag} />
      ) : chosen === "kernel" ? (
        <KernelView kernel={plan.kernel} />
      ) : plan.text === "" ? (
        <p className={styles.quiet}>The text is the same as what is in force.</p>
      ) : (
        <DiffView patch={plan.text} sideBySide={wide && split} />
      )}
    </Tabs>
  );
}
