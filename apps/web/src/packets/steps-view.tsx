import type { Step } from "@flowmgr/flow-analysis";
import { type Config, type Flow, flowsOf, printRule } from "@flowmgr/flow-model";
import { useMemo, useState } from "react";
import { Button } from "../ui/button.tsx";
import { counted } from "../ui/say.ts";
import { FlowLink } from "./flow-link.tsx";
import styles from "./steps.module.css";
import { byFlow, foldFlows, type MetFlow } from "./steps.ts";

type StepsProps = {
  config: Config;
  steps: readonly Step[];
  others: ReadonlySet<Step>;
  shown: ReadonlySet<string>;
};

/** Every rule that the packet met, in order; what has nothing to do with it is one line until it is opened. */
export function Steps({ config, steps, others, shown }: StepsProps) {
  const flows = useMemo(() => new Map(flowsOf(config).map((flow) => [flow.name, flow])), [config]);
  const parts = useMemo(() => foldFlows(byFlow(steps), shown), [steps, shown]);
  if (steps.length === 0) return <p className={styles.none}>It meets no rule.</p>;
  return (
    <ol className={styles.steps} aria-label="Rules that it meets">
      {parts.map((part) =>
        part.folded ? (
          <Fold key={`fold ${part.flows[0]?.flow}`} met={part.flows} flows={flows} others={others} />
        ) : (
          <Met key={part.met.flow} met={part.met} flow={flows.get(part.met.flow)} others={others} />
        ),
      )}
    </ol>
  );
}

/** Flows shown at once of a run that is opened. */
const CHUNK = 100;

type FoldProps = { met: MetFlow[]; flows: ReadonlyMap<string, Flow>; others: ReadonlySet<Step> };

function Fold({ met, flows, others }: FoldProps) {
  const [opened, setOpened] = useState(0);
  const rest = met.length - opened;
  return (
    <li className={styles.fold}>
      <button
        type="button"
        className={styles.toggle}
        aria-expanded={opened > 0}
        onClick={() => setOpened(opened > 0 ? 0 : CHUNK)}
      >
        <span className={styles.arrow} aria-hidden="true">
          {opened > 0 ? "▾" : "▸"}
        </span>
        {counted(met.length, "flow")} {met.length === 1 ? "does" : "do"} not concern it
      </button>
      {opened > 0 ? (
        <ol className={styles.steps}>
          {met.slice(0, opened).map((one) => (
            <Met key={one.flow} met={one} flow={flows.get(one.flow)} others={others} />
          ))}
        </ol>
      ) : null}
      {opened > 0 && rest > 0 ? (
        <Button look="link" small onClick={() => setOpened(opened + CHUNK)}>
          {rest > CHUNK ? `${CHUNK} of ${rest.toLocaleString("en")} more` : `${rest} more`}
        </Button>
      ) : null}
    </li>
  );
}

type MetProps = { met: MetFlow; flow: Flow | undefined; others: ReadonlySet<Step> };

function Met({ met, flow, others }: MetProps) {
  return (
    <li className={styles.met}>
      <FlowLink name={met.flow} />
      <ol>
        {met.steps.map((step) => (
          <li
            key={step.rule ?? "end"}
            className={styles.step}
            data-holds={step.holds || undefined}
            data-other={others.has(step) || undefined}
          >
            <span className={styles.sign} aria-hidden="true">
              {step.holds ? "●" : "○"}
            </span>
            <code>{textOf(step, flow)}</code>
            <span className={styles.why}>
              {others.has(step) ? <span className="visually-hidden">differs: </span> : null}
              {step.why}
            </span>
          </li>
        ))}
      </ol>
    </li>
  );
}

/** The rule as it stands in the text, without its note. */
function textOf({ rule }: Step, flow: Flow | undefined): string {
  const written = rule === null ? undefined : flow?.rules[rule - 1];
  return written ? printRule({ ...written, note: "" }) : "the end of the flow";
}
