import { type Config, type Packet, printPacket } from "@flowmgr/flow-model";
import { type ReactNode, useDeferredValue, useMemo, useRef } from "react";
import { type InForce, useRunning, useStatus, useStore } from "../api/index.ts";
import { type SaidVerdict, saidVerdict } from "../rule/verdicts.ts";
import { type Action, useActions } from "../ui/actions.ts";
import { Button } from "../ui/button.tsx";
import { copyText } from "../ui/clipboard.ts";
import { VerdictWord } from "../ui/verdict.tsx";
import { judge, type Machine, sameVerdict } from "./judge.ts";
import { Offer } from "./offer.tsx";
import { Outcome } from "./outcome.tsx";
import { EXAMPLE, PacketForm } from "./packet-form.tsx";
import styles from "./packets.module.css";
import { testedPackets } from "./recent.ts";
import { SendIt } from "./send.tsx";
import { byFlow, concerns, otherThan } from "./steps.ts";
import { isEmpty } from "./typed-packet.ts";
import { usePacket } from "./use-packet.ts";

type PacketTabProps = {
  config: Config;
  /** Makes an expectation of the packet and its verdict. */
  expectIt: (packet: Packet, verdict: SaidVerdict) => void;
  /** Why nothing can be changed now; null when it can. */
  locked: string | null;
};

/** One packet, and what becomes of it by the draft and by what is in force. */
export function PacketTab({ config, expectIt, locked }: PacketTabProps) {
  const status = useStatus().data;
  const { data: running, error } = useRunning();
  const { typed, read, set, type } = usePacket();
  const line = useRef<HTMLInputElement>(null);
  const expect = () => {
    if (!read.packet || !status) return;
    expectIt(read.packet, saidVerdict(judge(config, read.packet, status).verdict));
  };
  const none = read.packet === null ? "There is no whole packet yet." : null;
  const action = (label: string, run: () => void, disabled: string | null, ...keys: string[]): Action => {
    return { id: `test ${label}`, label, group: "Test", keys, disabled, run };
  };
  const actions = {
    type: action("Type a packet", () => line.current?.select(), null, "/"),
    copy: action("Copy the packet as a line", () => copy(read.packet), none),
    expectIt: action("Make this an expectation…", expect, none ?? locked),
  };
  useActions(Object.values(actions));
  return (
    <>
      <PacketForm
        ref={line}
        typed={typed}
        read={read}
        set={set}
        type={type}
        config={config}
        status={status}
      />
      <Recent now={typed.line} choose={type} />
      {isEmpty(typed) ? <Empty choose={() => type(EXAMPLE)} /> : null}
      {error && !running ? <p role="alert">What is in force could not be read. {error.message}</p> : null}
      {read.packet && typed.stray === null && status && running ? (
        <Outcomes packet={read.packet} draft={config} running={running} machine={status}>
          <SendIt key={printPacket(read.packet)} packet={read.packet} status={status} />
          <Offer action={actions.expectIt} />
        </Outcomes>
      ) : null}
    </>
  );
}

function copy(packet: Packet | null): void {
  if (packet) void copyText(printPacket(packet), "Packet copied as a line");
}

type OutcomesProps = {
  packet: Packet;
  draft: Config;
  running: InForce;
  machine: Machine;
  /** What can be done with the packet. */
  children: ReactNode;
};

/** A moment behind the packet that is typed where there are thousands of flows, so that no key waits. */
function Outcomes({ packet: typed, draft, running, machine, children }: OutcomesProps) {
  const packet = useDeferredValue(typed);
  const { ipv6, spared, tables } = machine;
  const [next, now] = useMemo(() => {
    const facts = { ipv6, spared, tables };
    return [judge(draft, packet, facts), judge(running.config, packet, facts)];
  }, [draft, running.config, packet, ipv6, spared, tables]);
  const differ = !sameVerdict(next.verdict, now.verdict);
  const others = useMemo(
    () => ({ next: otherThan(next.steps, now.steps), now: otherThan(now.steps, next.steps) }),
    [next, now],
  );
  const shown = useMemo(
    () =>
      new Set(
        [next, now].flatMap(({ steps }) =>
          byFlow(steps)
            .filter(concerns)
            .map(({ flow }) => flow),
        ),
      ),
    [next, now],
  );
  const side = { shown };
  return (
    <>
      <div className={styles.answer}>
        <div className={styles.compared}>
          <p role="status" className={differ ? styles.differs : styles.quiet}>
            {differ ? (
              <>
                Another verdict after the apply: <VerdictWord verdict={now.verdict} /> becomes{" "}
                <VerdictWord verdict={next.verdict} />
              </>
            ) : (
              "The same verdict before and after the apply."
            )}
          </p>
        </div>
        {children}
      </div>
      <div className={styles.sides}>
        <Outcome
          {...side}
          title="Draft"
          note="after the apply"
          config={draft}
          traced={next}
          others={others.next}
          inForce={false}
        />
        <Outcome
          {...side}
          title="Running"
          note={
            running.revision === null
              ? "nothing was applied yet"
              : `revision ${running.revision}, in force now`
          }
          config={running.config}
          traced={now}
          others={others.now}
          inForce
        />
      </div>
    </>
  );
}

/** What was tested before in this browser. */
function Recent({ now, choose }: { now: string; choose: (line: string) => void }) {
  const lines = useStore(testedPackets).filter((line) => line !== now.trim());
  if (lines.length === 0) return null;
  return (
    <section className={styles.recent} aria-label="Tested last">
      <span className={styles.quiet}>Tested last</span>
      <ul>
        {lines.map((line) => (
          <li key={line}>
            <button type="button" onClick={() => choose(line)}>
              <code>{line}</code>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Empty({ choose }: { choose: () => void }) {
  return (
    <div className={styles.empty}>
      <p>
        Which rule takes a packet, what becomes of it, and why every rule before let it go by. Nothing is
        sent. A line of the kernel's log (iptables LOG) can be pasted too.
      </p>
      <Button onClick={choose}>Try {EXAMPLE}</Button>
    </div>
  );
}
