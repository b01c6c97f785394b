/** What becomes of packets: one that is typed, all of a kind, and what must be true of them. */
import type { Config } from "@flowmgr/flow-model";
import { useLocation } from "wouter";
import { loadDraft, useDraft } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { PlaceState, Waiting } from "../ui/states.tsx";
import { Tabs } from "../ui/tabs.tsx";
import { PacketTab } from "./packet-tab.tsx";
import styles from "./packets.module.css";

const VIEWS = [{ name: "packet", title: "One packet" }] as const;
export type TestView = (typeof VIEWS)[number]["name"];

type TestProps = { view: TestView };

export function TestPlace(props: TestProps) {
  const { config, error } = useDraft();
  if (error) {
    return (
      <PlaceState
        title="The draft could not be read"
        actions={<Button onClick={() => void loadDraft()}>Try again</Button>}
      >
        {error.message}
      </PlaceState>
    );
  }
  if (!config) return <Waiting>Reading the draft</Waiting>;
  return <Test {...props} config={config} />;
}

function Test({ view, config }: TestProps & { config: Config }) {
  const [, go] = useLocation();
  return (
    <section className={styles.place} aria-label="Test">
      <Tabs label="Ways to test" tabs={VIEWS} chosen={view} choose={() => go("/test")}>
        <h1 className="visually-hidden">Test a packet</h1>
        <PacketTab config={config} />
      </Tabs>
    </section>
  );
}
