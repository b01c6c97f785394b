import { type ExpectationResult, sampleOf } from "@flowmgr/flow-analysis";
import type { Status } from "@flowmgr/flow-api";
import {
  type Config,
  type Diagnostic,
  type Expect,
  keyOf,
  printExpect,
  type Rule,
} from "@flowmgr/flow-model";
import { type FormEvent, useId, useMemo, useState } from "react";
import { Link } from "wouter";
import { below, checkItem, useEdit, useStatus } from "../api/index.ts";
import choices from "../rule/choices.module.css";
import { ConditionsEditor } from "../rule/conditions-editor.tsx";
import { ruleOf } from "../rule/set-of-packets.ts";
import { verdictChoices, verdictOf, verdictText } from "../rule/verdicts.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { notify } from "../ui/notices.tsx";
import { testAddress } from "../ui/packet-link.ts";
import { advice, Problems } from "../ui/problems.tsx";
import { Segmented } from "../ui/segmented.tsx";
import fieldStyles from "../ui/text-field.module.css";
import { linesOf, TextField } from "../ui/text-field.tsx";
import { type VerdictShown, VerdictWord } from "../ui/verdict.tsx";
import styles from "./expectations.module.css";
import { useJudged } from "./use-judged.ts";

type ExpectDialogProps = {
  /** What it begins with. */
  begun: Expect;
  /** What edits call the one that is changed; null for a new one. */
  changes: string | null;
  config: Config;
  close: () => void;
};

/** What must be true of every packet that some conditions describe; judged while it is written. */
export function ExpectDialog(props: ExpectDialogProps) {
  const { changes, config, close } = props;
  const status = useStatus().data;
  const writing = useWriting(props);
  const { shown, wrong } = writing;
  const judged = useJudged(wrong ? null : shown, config, status);
  return (
    <Dialog title={changes === null ? "New expectation" : "Expectation"} close={close}>
      <form className={styles.form} onSubmit={writing.submit}>
        <Fields writing={writing} config={config} status={status} />
        <Judged judged={judged} close={close} />
        <div className={styles.answers}>
          <Button onClick={close}>Cancel</Button>
          <Button
            look="primary"
            type="submit"
            aria-disabled={wrong !== undefined || undefined}
            title={wrong ? advice(wrong) : undefined}
          >
            {changes === null ? "Add the expectation" : "Save"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

type Writing = ReturnType<typeof useWriting>;

/** The expectation as it is being written, what is wrong with it, and its way to the draft. */
function useWriting({ begun, changes, config, close }: ExpectDialogProps) {
  const { edit, undo } = useEdit();
  const [expect, setExpect] = useState(begun);
  const [typed, setTyped] = useState<Rule | null>(null);
  const shown = useMemo(
    () => (typed ? { ...expect, conditions: typed.conditions } : expect),
    [expect, typed],
  );
  const others = useMemo(() => config.items.filter((item) => keyOf(item) !== changes), [config, changes]);
  const diagnostics = [...checkItem(shown, config), ...twins(shown, others)];
  const wrong = diagnostics.find(({ severity }) => severity === "error");

  function submit(event: FormEvent) {
    event.preventDefault();
    if (wrong) return;
    const label = changes === null ? "add an expectation" : "change an expectation";
    const problem = edit(
      [changes === null ? { do: "add", item: shown } : { do: "change", name: changes, item: shown }],
      label,
    );
    if (problem) {
      notify({ text: problem.message, tone: "error" });
      return;
    }
    close();
    if (changes === null)
      notify({ text: "Expectation added", action: { label: "Undo", run: undo, undoes: label } });
  }

  const change = (part: Partial<Expect>) => setExpect({ ...expect, ...part });
  return { expect, change, setTyped, shown, diagnostics, wrong, submit };
}

type FieldsProps = { writing: Writing; config: Config; status: Status | undefined };

/** Whom it is about, what must become of them, and why. */
function Fields({ writing, config, status }: FieldsProps) {
  const { expect, change, shown, diagnostics } = writing;
  const id = useId();
  const ofConditions = diagnostics.filter(({ path }) => path?.startsWith("/conditions"));
  const elsewhere = diagnostics.filter(
    (one) => !ofConditions.includes(one) && !one.path?.startsWith("/verdict"),
  );
  return (
    <>
      <div className={styles.said}>
        <Segmented
          legend="Packets that"
          value={expect.direction}
          set={(direction) => change({ direction })}
          segments={[
            { value: "in", label: "come in", className: choices.wide },
            { value: "out", label: "go out", className: choices.wide },
          ]}
        />
        <VerdictField
          expect={expect}
          set={(verdict) => change({ verdict })}
          config={config}
          status={status}
          problems={below(diagnostics, "/verdict")}
        />
      </div>
      <ConditionsEditor
        rule={ruleOf(expect.conditions)}
        flowKind={expect.direction === "in" ? "flow" : "outflow"}
        config={config}
        status={status}
        where="the expectation"
        diagnostics={ofConditions}
        active
        disabled={false}
        typing={writing.setTyped}
        set={({ conditions }) => change({ conditions })}
      />
      <Problems id={`${id}-problems`} diagnostics={elsewhere} />
      <code className={styles.preview} title="The expectation as text">
        {printExpect(shown)}
      </code>
      <Words expect={expect} change={change} />
    </>
  );
}

type WordsProps = { expect: Expect; change: Writing["change"] };

function Words({ expect, change }: WordsProps) {
  return (
    <>
      <TextField
        label="Comment: why it must be so"
        lines
        live
        value={expect.comment.join("\n")}
        commit={(text) => change({ comment: linesOf(text) })}
      />
      <TextField
        label="Note, on its own line"
        live
        value={expect.note}
        commit={(note) => change({ note: note.trim() })}
      />
    </>
  );
}

/** Two that say the same are one. */
function twins(expect: Expect, others: Config["items"]): Diagnostic[] {
  const key = keyOf(expect);
  if (!others.some((other) => keyOf(other) === key)) return [];
  return [
    {
      code: "duplicate-expect",
      severity: "error",
      message: "there is this expectation already",
      help: "say something else",
      path: "",
    },
  ];
}

type VerdictFieldProps = {
  expect: Expect;
  set: (verdict: Expect["verdict"]) => void;
  config: Config;
  status: Status | undefined;
  problems: Diagnostic[];
};

function VerdictField({ expect, set, config, status, problems }: VerdictFieldProps) {
  const id = useId();
  const now = verdictText(expect.verdict);
  return (
    <div className={fieldStyles.field}>
      <label htmlFor={id}>Must be</label>
      <select
        id={id}
        className={choices.select}
        value={now}
        aria-describedby={`${id}-problems`}
        onChange={({ target }) => {
          const verdict = verdictOf(target.value);
          if (verdict) set(verdict);
        }}
      >
        {verdictChoices(config, status, now).map((one) => (
          <option key={one} value={one}>
            {one === "undecided" ? "undecided: goes on untouched" : one}
          </option>
        ))}
      </select>
      <Problems id={`${id}-problems`} diagnostics={problems} />
    </div>
  );
}

type JudgedProps = { judged: ExpectationResult | null; close: () => void };

/** Whether it holds in the draft, with a packet that says otherwise. */
function Judged({ judged, close }: JudgedProps) {
  return (
    <div className={styles.judged} role="status">
      {judged?.status === "holds" ? (
        <p className={styles.holds}>
          <span aria-hidden="true">✓</span> It holds in the draft, for every packet.
        </p>
      ) : null}
      {judged?.status === "open" ? (
        <p className={styles.open}>
          Neither proven nor refuted in time. Narrower conditions are proven sooner.
        </p>
      ) : null}
      {judged?.status === "fails" && judged.packet && judged.decision ? (
        <p className={styles.fails}>
          <span aria-hidden="true">✕</span> It fails in the draft:{" "}
          <Counterexample
            line={sampleOf(judged.packet).line}
            verdict={judged.decision.verdict}
            by={judged.decision}
            leave={close}
          />
        </p>
      ) : null}
    </div>
  );
}

type CounterexampleProps = {
  line: string;
  verdict: VerdictShown;
  by: { flow: string | null; rule: number | null };
  /** Called when one goes to look at it. */
  leave?: () => void;
};

/** A packet with another verdict, who gave that, and the way to the tester. */
export function Counterexample({ line, verdict, by, leave }: CounterexampleProps) {
  return (
    <span className={styles.counter}>
      <code>{line}</code> is <VerdictWord verdict={verdict} />
      {by.flow === null ? "" : " by "}
      {by.flow === null ? null : <Link href={`/flows/${encodeURIComponent(by.flow)}`}>{by.flow}</Link>}
      {by.flow !== null && by.rule !== null ? `, rule ${by.rule}` : ""}.{" "}
      <Link href={testAddress(line)} aria-label={`Test ${line}`} onClick={leave}>
        Test
      </Link>
    </span>
  );
}
