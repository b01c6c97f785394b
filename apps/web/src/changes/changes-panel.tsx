/** What changed since running: flow by flow with a way to put one back, and step by step with a way to go back. */
import { EMPTY_CONFIG, listNamed } from "@flowmgr/flow-model";
import { useMemo } from "react";
import { Link } from "wouter";
import { type Step, useDraft, useEdit, useRunning, useSteps } from "../api/index.ts";
import { useChanges } from "../frame/use-changes.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { addressOfItem } from "../ui/item-address.ts";
import { notify } from "../ui/notices.tsx";
import { clock, counted } from "../ui/say.ts";
import styles from "./changes.module.css";
import { type ItemChanges, itemChanges } from "./flow-changes.ts";
import { stepsSince } from "./since.ts";

export function ChangesPanel({ close }: { close: () => void }) {
  return (
    <Dialog title="What changed since running" close={close}>
      <Flows close={close} />
      <Steps close={close} />
      <div className={styles.answers}>
        <Button onClick={close}>Close</Button>
      </div>
    </Dialog>
  );
}

/** More than these are read in Review. */
const SHOWN = 100;

function Flows({ close }: { close: () => void }) {
  const draft = useDraft().config;
  const running = useRunning().data?.config ?? EMPTY_CONFIG;
  const { changes } = useChanges();
  const items = useMemo(() => (draft ? itemChanges(running, draft, changes) : []), [running, draft, changes]);
  if (items.length === 0) return <p className={styles.quiet}>No flow differs from what is in force.</p>;
  return (
    <section aria-labelledby="changed-flows">
      <h3 id="changed-flows" className={styles.label}>
        Flow by flow
      </h3>
      <ul className={styles.flows}>
        {items.slice(0, SHOWN).map((item) => (
          <Flow key={item.name} item={item} close={close} />
        ))}
      </ul>
      {items.length > SHOWN ? (
        <p className={styles.quiet}>and {counted(items.length - SHOWN, "more flow")}, all under Review</p>
      ) : null}
    </section>
  );
}

function Flow({ item, close }: { item: ItemChanges; close: () => void }) {
  const { edit } = useEdit();
  const { name, words, isNew, putBack } = item;
  const list = listNamed(name);
  const label = isNew ? `remove ${name}` : `put ${name} back`;
  function put() {
    const problem = edit(putBack, label);
    if (problem) notify({ text: `Cannot ${label}: ${problem.message}`, tone: "error" });
  }
  return (
    <li>
      <span>
        <Link href={addressOfItem(name)} onClick={close}>
          {name}
        </Link>
        : {words.join(", ")}
      </span>
      <Button
        small
        aria-label={`${isNew ? "Remove" : "Put back"} ${name}`}
        title={
          isNew && list !== null ? "Its values stand where rules and lists name it" : "Take what is in force"
        }
        onClick={put}
      >
        {isNew ? "Remove" : "Put back"}
      </Button>
    </li>
  );
}

/** One list, the latest on top: what can be done again, where the draft is now, what can be taken back. */
function Steps({ close }: { close: () => void }) {
  const draft = useDraft().config;
  const running = useRunning().data?.config ?? EMPTY_CONFIG;
  const { undo, redo } = useSteps();
  const { goBack, goForth } = useEdit();
  const done = useMemo(() => (draft ? stepsSince(undo, draft, running) : []), [undo, draft, running]);
  if (done.length === 0 && redo.length === 0) return null;
  // A refusal is told of where this dialog would hide it.
  const act = (go: (count: number) => void, count: number) => () => {
    close();
    if (count > 0) go(count);
  };
  return (
    <section aria-labelledby="changed-steps">
      <h3 id="changed-steps" className={styles.label}>
        Step by step: choose where to go
      </h3>
      <ol className={styles.steps}>
        {redo.map((step, index) => (
          <StepRow
            key={`again ${step.at} ${index}`}
            step={step}
            again
            go={act(goForth, redo.length - index)}
          />
        ))}
        {done.map((step, index) => (
          <StepRow
            key={`${step.at} ${done.length - index}`}
            step={step}
            here={index === 0}
            go={act(goBack, own(done, index))}
          />
        ))}
        <li>
          <button
            type="button"
            onClick={act(goBack, own(done, done.length))}
            aria-current={done.length === 0 || undefined}
          >
            <span>Before all these steps</span>
          </button>
        </li>
      </ol>
    </section>
  );
}

/** How many of this browser's steps were made after the one at `index`. */
const own = (steps: Step[], index: number) => steps.slice(0, index).filter(({ by }) => by === null).length;

type StepProps = { step: Step; here?: boolean; again?: boolean; go: () => void };

function StepRow({ step, here = false, again = false, go }: StepProps) {
  const { label, by, at, patch } = step;
  const names = patch.items.map(({ key }) => key).filter((key) => !label.includes(key));
  return (
    <li>
      <button type="button" onClick={go} aria-current={here || undefined} data-again={again || undefined}>
        <span>
          {label}
          {names.length > 0 && names.length < 4 ? <small> {names.join(", ")}</small> : null}
        </span>
        <small>
          {again ? "taken back" : here ? "now" : (by ?? "you")} {clock(at)}
        </small>
      </button>
    </li>
  );
}
