/** All packets of a kind: who decides them, in which regions, a packet of each. */
import type { SearchAnswer, Status } from "@flowmgr/flow-api";
import type { Conditions, Config, Rule } from "@flowmgr/flow-model";
import { type Ref, useId, useRef, useState } from "react";
import { useRunning, useStatus } from "../api/index.ts";
import choices from "../rule/choices.module.css";
import { ConditionsEditor } from "../rule/conditions-editor.tsx";
import { readSet, ruleOf, textOf } from "../rule/set-of-packets.ts";
import { problemsOf } from "../rule/typing.ts";
import { asGiven, type SaidVerdict, saidVerdict, verdictChoices, verdictOf } from "../rule/verdicts.ts";
import { type Action, useActions } from "../ui/actions.ts";
import { Button } from "../ui/button.tsx";
import { counted } from "../ui/say.ts";
import { Segmented } from "../ui/segmented.tsx";
import { Waiting } from "../ui/states.tsx";
import fieldStyles from "../ui/text-field.module.css";
import type { Asked } from "./asked.ts";
import { Offer } from "./offer.tsx";
import styles from "./packets.module.css";
import searchStyles from "./search.module.css";
import { Groups } from "./search-groups.tsx";
import { useAnswer } from "./use-answer.ts";
import { useAsked } from "./use-asked.ts";

/** What an expectation made of a search begins with. */
export type Sought = { direction: "in" | "out"; conditions: Conditions; verdict: SaidVerdict | null };

type SearchTabProps = {
  config: Config;
  expectIt: (sought: Sought) => void;
  /** Why nothing can be changed now; null when it can. */
  locked: string | null;
};

const EXAMPLE = "src 10.0.0.0/8 dst 192.168.0.2 dstport 25";

export function SearchTab({ config: draft, expectIt, locked }: SearchTabProps) {
  const status = useStatus().data;
  const running = useRunning().data?.config;
  const { asked, line, type, set } = useAsked();
  const field = useRef<HTMLInputElement>(null);
  const config = asked.config === "running" && running ? running : draft;
  const kind = asked.direction === "in" ? "flow" : "outflow";
  const { conditions, diagnostics } = readSet(asked.text, kind, config);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const empty = asked.text.trim() === "" && asked.verdict === null;
  const wrong = errors.length > 0 ? "Something in the conditions is wrong." : null;
  const verdict = asked.verdict === null ? null : verdictOf(asked.verdict);
  const answer = useAnswer(asked, conditions, verdict && asGiven(verdict, status), !empty && wrong === null);
  // Without a filter, what most of these packets get.
  const most = answer.isPlaceholderData ? undefined : answer.data?.groups[0]?.decider.verdict;
  const offer: Action = {
    id: "test expect the search",
    label: "Make this an expectation…",
    group: "Test",
    disabled: wrong ?? (empty ? "Nothing is searched for yet." : locked),
    run: () =>
      expectIt({
        direction: asked.direction,
        conditions,
        verdict: verdict ?? (most ? saidVerdict(most) : null),
      }),
  };
  const focus = { id: "test search", label: "Search packets", group: "Test", keys: ["/"], disabled: null };
  useActions([{ ...focus, run: () => field.current?.select() }, offer]);
  return (
    <>
      <div className={styles.form}>
        <div className={styles.lineRow}>
          <SetLine ref={field} line={line} type={type} invalid={errors.length > 0} />
          <Offer action={offer} />
        </div>
        <SetSentence
          rule={ruleOf(conditions)}
          asked={asked}
          config={config}
          status={status}
          diagnostics={diagnostics}
          set={(next) => set({ text: textOf(next.conditions) })}
        />
        <Filters asked={asked} set={set} config={config} status={status} />
      </div>
      {empty ? (
        <div className={styles.empty}>
          <p>
            Who decides all packets of a kind, such as any packet from 10.0.0.0/8 that reaches port 25 of a
            server. Proven over every packet, not sampled.
          </p>
          <Button onClick={() => set({ text: EXAMPLE })}>Try {EXAMPLE}</Button>
        </div>
      ) : errors.length > 0 ? null : (
        <Answer answer={answer} filtered={verdict !== null} />
      )}
    </>
  );
}

type SetLineProps = {
  ref: Ref<HTMLInputElement>;
  line: string;
  type: (line: string) => void;
  invalid: boolean;
};

function SetLine({ ref, line, type, invalid }: SetLineProps) {
  return (
    <input
      ref={ref}
      className={`${fieldStyles.input} ${styles.line} mono`}
      aria-label="Packets, as the conditions of a rule"
      aria-invalid={invalid}
      placeholder={EXAMPLE}
      autoComplete="off"
      autoCapitalize="off"
      spellCheck={false}
      value={line}
      onChange={(event) => type(event.target.value)}
    />
  );
}

type SetSentenceProps = {
  rule: Rule;
  asked: Asked;
  config: Config;
  status: Status | undefined;
  diagnostics: ReturnType<typeof readSet>["diagnostics"];
  set: (rule: Rule) => void;
};

/** The same as a sentence, each part a field. */
function SetSentence({ rule, asked, config, status, diagnostics, set }: SetSentenceProps) {
  const [typed, setTyped] = useState<Rule | null>(null);
  const kind = asked.direction === "in" ? "flow" : "outflow";
  return (
    <ConditionsEditor
      rule={rule}
      flowKind={kind}
      config={config}
      status={status}
      where="the search"
      diagnostics={typed ? problemsOf(typed, kind, config) : diagnostics}
      active
      disabled={false}
      typing={setTyped}
      set={set}
    />
  );
}

type FiltersProps = {
  asked: Asked;
  set: (change: Partial<Asked>) => void;
  config: Config;
  status: Status | undefined;
};

function Filters({ asked, set, config, status }: FiltersProps) {
  const id = useId();
  return (
    <div className={styles.fields}>
      <Segmented
        legend="Direction"
        value={asked.direction}
        set={(direction) => set({ direction })}
        segments={[
          { value: "in", label: "comes in", className: choices.wide },
          { value: "out", label: "goes out", className: choices.wide },
        ]}
      />
      <Segmented
        legend="Judged by"
        value={asked.config}
        set={(one) => set({ config: one })}
        segments={[
          { value: "draft", label: "draft", className: choices.wide },
          { value: "running", label: "running", className: choices.wide },
        ]}
      />
      <div className={fieldStyles.field}>
        <label htmlFor={id}>Verdict</label>
        <select
          id={id}
          className={choices.select}
          value={asked.verdict ?? ""}
          onChange={({ target }) => set({ verdict: target.value === "" ? null : target.value })}
        >
          <option value="">any</option>
          {verdictChoices(config, status, asked.verdict).map((one) => (
            <option key={one} value={one}>
              {one === "undecided" ? "none: goes on untouched" : one}
            </option>
          ))}
        </select>
      </div>
    </div>
  );
}

type AnswerProps = { answer: ReturnType<typeof useAnswer>; filtered: boolean };

function Answer({ answer: { data, error, isPlaceholderData, refetch }, filtered }: AnswerProps) {
  if (error) {
    return (
      <p className={styles.wrong} role="alert">
        {error.message}{" "}
        <Button look="link" onClick={() => void refetch()}>
          Try again
        </Button>
      </p>
    );
  }
  if (!data) return <Waiting>Looking at every packet</Waiting>;
  return (
    <div data-stale={isPlaceholderData || undefined} className={searchStyles.found}>
      <p role="status" className={data.status === "partial" ? styles.differs : styles.quiet}>
        {headline(data, filtered)}
      </p>
      <Groups answer={data} />
    </div>
  );
}

function headline({ status, groups, total }: SearchAnswer, filtered: boolean): string {
  const end =
    status === "partial"
      ? " Not finished in time: what is told is true, more may be there."
      : " Proven over every packet.";
  if (groups.length === 0)
    return `${filtered ? "No such packet gets this verdict." : "There is no such packet."}${end}`;
  const rest = total > groups.length ? `, the ${groups.length} with the most packets shown` : "";
  return `${counted(total, "answer")}${rest}.${end}`;
}
