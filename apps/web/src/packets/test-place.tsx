/** What becomes of packets: one that is typed, all of a kind, and what must be true of them. */
import type { Config, Expect } from "@flowmgr/flow-model";
import { useState } from "react";
import { useLocation } from "wouter";
import { loadDraft, useCheck, useDraft } from "../api/index.ts";
import { ExpectationsTab, ExpectDialog, NEW_EXPECT } from "../expectations/index.ts";
import { conditionsOf } from "../rule/set-of-packets.ts";
import { OfDraft } from "../ui/of-draft.tsx";
import { counted } from "../ui/say.ts";
import { Banner } from "../ui/states.tsx";
import { Tabs } from "../ui/tabs.tsx";
import { PacketTab } from "./packet-tab.tsx";
import styles from "./packets.module.css";
import { SearchTab } from "./search-tab.tsx";

const ADDRESSES = {
  packet: "/test",
  search: "/test/search",
  expectations: "/test/expectations",
} as const;

export type TestView = keyof typeof ADDRESSES;

type TestProps = {
  view: TestView;
  /** Errors of a text that is not in the draft; nothing can be changed meanwhile. */
  textErrors: number;
};

export function TestPlace(props: TestProps) {
  return (
    <OfDraft draft={useDraft()} retry={loadDraft}>
      {(config) => <Test {...props} config={config} />}
    </OfDraft>
  );
}

function Test({ view, textErrors, config }: TestProps & { config: Config }) {
  const [, go] = useLocation();
  const [begun, setBegun] = useState<Expect | null>(null);
  const locked = textErrors > 0 ? "The draft is read-only while the text has errors." : null;
  const failing = useFailing();
  const tabs = [
    { name: "packet", title: "One packet" },
    { name: "search", title: "Packets" },
    {
      name: "expectations",
      title: failing > 0 ? `Expectations: ${failing} ${failing === 1 ? "fails" : "fail"}` : "Expectations",
    },
  ] as const;
  return (
    <section className={styles.place} aria-label="Test">
      {textErrors > 0 ? (
        <Banner tone="warning">
          <b>Text has {counted(textErrors, "error")}.</b> What is tested is the last valid version.
        </Banner>
      ) : null}
      <div className={styles.views}>
        <Tabs label="Ways to test" tabs={tabs} chosen={view} choose={(name) => go(ADDRESSES[name])}>
          <h1 className="visually-hidden">{tabs.find(({ name }) => name === view)?.title}</h1>
          {view === "packet" ? (
            <PacketTab
              config={config}
              locked={locked}
              expectIt={(packet, verdict) =>
                setBegun({
                  ...NEW_EXPECT,
                  direction: packet.direction,
                  conditions: conditionsOf(packet),
                  verdict,
                })
              }
            />
          ) : null}
          {view === "search" ? (
            <SearchTab
              config={config}
              locked={locked}
              expectIt={({ direction, conditions, verdict }) =>
                setBegun({ ...NEW_EXPECT, direction, conditions, verdict: verdict ?? NEW_EXPECT.verdict })
              }
            />
          ) : null}
          {view === "expectations" ? <ExpectationsTab config={config} locked={locked} /> : null}
        </Tabs>
      </div>
      {begun ? (
        <ExpectDialog begun={begun} changes={null} config={config} close={() => setBegun(null)} />
      ) : null}
    </section>
  );
}

/** Expectations of the draft that fail or could not be proven. */
function useFailing(): number {
  const judged = useCheck().data?.findings?.expectations ?? [];
  return judged.filter(({ status }) => status !== "holds").length;
}
