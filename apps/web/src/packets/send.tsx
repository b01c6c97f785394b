/** The packet really sent: which rule in force counted it, beside what the tester says of it. */

import { sampleOf } from "@flowmgr/flow-analysis";
import type { Sent, Status } from "@flowmgr/flow-api";
import type { Packet } from "@flowmgr/flow-model";
import { useState } from "react";
import { get } from "../api/index.ts";
import { partText } from "../rule/words.ts";
import { useActions } from "../ui/actions.ts";
import { useLate } from "../ui/use-late.ts";
import { VerdictWord } from "../ui/verdict.tsx";
import { FlowLink } from "./flow-link.tsx";
import { Offer } from "./offer.tsx";
import { Decider } from "./outcome.tsx";
import styles from "./packets.module.css";
import { reasonNot } from "./sendable.ts";

type Answer = { sent: Sent } | { refused: string };

export function SendIt({ packet, status }: { packet: Packet; status: Status }) {
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const late = useLate(busy);

  async function send() {
    setBusy(true);
    try {
      const { fields } = sampleOf(packet);
      setAnswer({ sent: await get<Sent>("/trace/send", { method: "POST", body: { packet: fields } }) });
    } catch (error) {
      setAnswer({ refused: error instanceof Error ? error.message : String(error) });
    } finally {
      setBusy(false);
    }
  }

  const action = {
    id: "test send",
    label: "Send this packet",
    group: "Test",
    disabled: busy ? "It is on its way." : reasonNot(status),
    run: () => void send(),
  };
  useActions([action]);
  return (
    <>
      <Offer action={action} />
      {action.disabled !== null && !busy ? <p className={styles.reason}>{action.disabled}</p> : null}
      <div className={styles.sent} role="status">
        {late ? <p className={styles.quiet}>Sending</p> : null}
        {answer && !busy ? <Told answer={answer} /> : null}
      </div>
    </>
  );
}

function Told({ answer }: { answer: Answer }) {
  if ("refused" in answer) return <p className={styles.wrong}>{answer.refused}</p>;
  const { sentence, agrees, foretold, counters, revision } = answer.sent;
  return (
    <>
      <p className={agrees ? styles.right : styles.wrong}>
        <span aria-hidden="true">{agrees ? "✓" : "✕"}</span> {sentence}
      </p>
      <dl className={styles.foretold}>
        <div>
          <dt>foretold </dt>
          <dd>
            <VerdictWord verdict={foretold.verdict} /> <Decider traced={foretold} />
          </dd>
        </div>
        <div>
          <dt>counted, revision {revision} </dt>
          <dd>
            {counters.length === 0 ? "by no rule" : ""}
            {counters.map(({ flow, rule }, index) => (
              <span key={`${flow} ${rule}`}>
                {index > 0 ? "; " : ""}
                <FlowLink name={flow} />
                {partText(rule)}
              </span>
            ))}
          </dd>
        </div>
      </dl>
    </>
  );
}
