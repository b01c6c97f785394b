/** What is in the kernel now: our chains with their counters, ip rules and routes, and what should not be so. */
import type { KernelFamily, KernelListing } from "@flowmgr/flow-api";
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { useSearchParams } from "wouter";
import { useLocationProperty } from "wouter/use-browser-location";
import { type KernelFamilyName, useKernel, useKernelState } from "../api/index.ts";
import { useActions } from "../ui/actions.ts";
import { Button } from "../ui/button.tsx";
import { copyText } from "../ui/clipboard.ts";
import { counted } from "../ui/say.ts";
import { PlaceState, Waiting } from "../ui/states.tsx";
import { Tabs } from "../ui/tabs.tsx";
import { ChainList, type ChainListGrip } from "./chain-list.tsx";
import { DriftBanner, DriftView } from "./drift.tsx";
import styles from "./kernel.module.css";
import { MachineWarnings } from "./machine-warnings.tsx";
import { RoutingView } from "./routing-view.tsx";
import { rowOfChain, rowsOf } from "./rows.ts";

export function KernelPlace() {
  const { data, error, refetch } = useKernelState();
  if (data) return <Listing listing={data} stale={error?.message ?? null} />;
  if (!error) return <Waiting>Reading the kernel</Waiting>;
  return (
    <PlaceState
      title="The kernel could not be read"
      actions={<Button onClick={() => void refetch()}>Try again</Button>}
    >
      {error.message}
    </PlaceState>
  );
}

const VIEWS = [
  { name: "ip", title: "IPv4" },
  { name: "ip6", title: "IPv6" },
  { name: "routing", title: "ip rules and routes" },
  { name: "drift", title: "Drift" },
] as const;
type View = (typeof VIEWS)[number]["name"];

/** `/kernel?view=ip6#@mail` names the view and the chain. */
function addressOf(view: View, chain: string): string {
  return `/kernel?view=${view}#${encodeURIComponent(chain)}`;
}

type ListingProps = {
  listing: KernelListing;
  /** Why it could not be read again. */
  stale: string | null;
};

function Listing({ listing, stale }: ListingProps) {
  const [search, setSearch] = useSearchParams();
  const view = VIEWS.find(({ name }) => name === search.get("view"))?.name ?? "ip";
  const named = useNamedChain();
  // A search ends where the address names a chain: nothing may hide that.
  const [typed, setTyped] = useState({ words: "", named });
  const words = typed.named === named ? typed.words : "";
  const field = useRef<HTMLInputElement>(null);
  const noSearch =
    view === "routing" || view === "drift" ? "Only chains are searched: choose IPv4 or IPv6." : null;
  const label = "Search chains and rules";
  const run = () => field.current?.focus();
  useActions([{ id: "kernel search", label, group: "Kernel", keys: ["/"], disabled: noSearch, run }]);
  return (
    <section className={styles.place} aria-label="Kernel">
      <h1 className="visually-hidden">Kernel</h1>
      <DriftBanner drift={listing.drift} />
      <MachineWarnings />
      {stale === null ? null : (
        <p className={styles.stale} role="status">
          Not read again: {stale}
        </p>
      )}
      <div className={styles.tools}>
        <input
          ref={field}
          type="search"
          className={styles.search}
          aria-label={label}
          placeholder="Search: chain, address, @list"
          value={words}
          disabled={noSearch !== null}
          title={noSearch ?? undefined}
          onChange={(event) => setTyped({ words: event.target.value, named })}
        />
        <Command text={view === "ip6" ? inIpv6(listing.command) : listing.command} />
      </div>
      <div className={styles.views}>
        <Tabs
          label="Views of the kernel"
          tabs={VIEWS}
          chosen={view}
          choose={(name) => setSearch(name === "ip" ? {} : { view: name })}
        >
          {view === "ip" || view === "ip6" ? (
            <Chains key={view} family={view} words={words} named={named} />
          ) : (
            <div className={styles.sheet}>
              {view === "routing" ? <RoutingView listing={listing} /> : null}
              {view === "drift" ? <DriftView listing={listing} /> : null}
            </div>
          )}
        </Tabs>
      </div>
    </section>
  );
}

type ChainsProps = {
  family: KernelFamilyName;
  words: string;
  /** The chain of the address; "" for none. */
  named: string;
};

function Chains(props: ChainsProps) {
  const { data, error } = useKernel(props.family);
  if (data === undefined) return error ? <None>{error.message}</None> : <Waiting>Reading the kernel</Waiting>;
  if (data === null)
    return <None>IPv6 is not judged here: it is switched off, or the machine lacks it.</None>;
  if (data.chains.length === 0) {
    return <None>Nothing of ours is in the kernel: every packet goes on untouched.</None>;
  }
  return <Listed {...props} listed={data} />;
}

function Listed({ family, words, named, listed }: ChainsProps & { listed: KernelFamily }) {
  const { chains } = listed;
  const list = useRef<ChainListGrip>(null);
  const wanted = useDeferredValue(words);
  const rows = useMemo(() => rowsOf(listed, wanted), [listed, wanted]);
  const names = useMemo(() => new Set(chains.map(({ name }) => name)), [chains]);
  const address = useCallback((chain: string) => addressOf(family, chain), [family]);
  // The chain of the address is brought into sight once, not at each reading.
  const revealed = useRef("");
  useEffect(() => {
    if (named === revealed.current) return;
    if (named !== "" && rowOfChain(rows, named) < 0) return;
    list.current?.show(named);
    revealed.current = named;
  }, [named, rows]);
  const shown = rows.filter(({ kind }) => kind === "rule").length;
  const all = chains.reduce((sum, { rules }) => sum + rules.length, 0);
  return (
    <>
      <p className={styles.found} role="status">
        {named !== "" && !names.has(named)
          ? `The kernel has no chain ${named} here: its flow is off, not applied, or of the other family.`
          : `${counted(chains.length, "chain")}, ${shown < all ? `${shown} of ` : ""}${counted(all, "rule")}`}
      </p>
      <ChainList
        ref={list}
        label={family === "ip" ? "Chains, IPv4" : "Chains, IPv6"}
        rows={rows}
        names={names}
        addressOf={address}
      />
    </>
  );
}

function None({ children }: { children: string }) {
  return <p className={styles.nothing}>{children}</p>;
}

/** The chain behind the # of the address; "" for none. */
function useNamedChain(): string {
  return useLocationProperty(() => decodeURIComponent(location.hash.slice(1)));
}

/** What shows the same on a terminal. */
function Command({ text }: { text: string }) {
  return (
    <p className={styles.command}>
      <code>{text}</code>
      <Button look="link" small onClick={() => void copyText(text, "Command copied")}>
        Copy<span className="visually-hidden"> the command that shows the same</span>
      </Button>
    </p>
  );
}

function inIpv6(command: string): string {
  return command.replace(/\biptables/, "ip6tables");
}
