/** What becomes of a packet: the verdict, who gave it, where it goes, and every step there. */

import type { Step, Trace } from "@flowmgr/flow-analysis";
import type { Config } from "@flowmgr/flow-model";
import { type ReactNode, useId } from "react";
import { partText } from "../rule/words.ts";
import { VerdictWord } from "../ui/verdict.tsx";
import { FlowLink } from "./flow-link.tsx";
import styles from "./packets.module.css";
import { Steps } from "./steps-view.tsx";
import { Way } from "./way.tsx";

type OutcomeProps = {
  title: string;
  /** What the title stands for: "after the apply". */
  note: string;
  config: Config;
  traced: Trace;
  /** Steps that the other side does not take. */
  others: ReadonlySet<Step>;
  /** Flows that the other side shows in full. */
  shown: ReadonlySet<string>;
  /** Is it what the kernel does now? Its marks are those in force. */
  inForce: boolean;
};

export function Outcome({ title, note, config, traced, others, shown, inForce }: OutcomeProps) {
  const id = useId();
  const { verdict } = traced;
  return (
    <section className={styles.side} aria-labelledby={id}>
      <header className={styles.head}>
        <h2 id={id}>
          {title} <small>{note}</small>
        </h2>
        <div className={styles.verdict} data-verdict={verdict.action}>
          <VerdictWord verdict={verdict} />
        </div>
        <p className={styles.decider}>
          <Decider traced={traced} />
        </p>
        {traced.spared === null ? null : <p className={styles.quiet}>{sentence(traced.spared)}</p>}
        <Way verdict={verdict} inForce={inForce} />
      </header>
      <Steps config={config} steps={traced.steps} others={others} shown={shown} />
    </section>
  );
}

/** Who decided, a way there. */
export function Decider({
  traced: { flow, rule, icmpErrors },
}: {
  traced: Pick<Trace, "flow" | "rule" | "icmpErrors">;
}): ReactNode {
  if (flow === null) return "No flow decides: it goes on untouched.";
  return (
    <>
      by <FlowLink name={flow} />
      {icmpErrors || rule !== null ? partText(rule) : ""}
    </>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
