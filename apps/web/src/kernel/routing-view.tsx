/** Our ip rules and routes: how a mark finds its table, and where that leads. And the sets that rules name. */
import type { KernelFamily, KernelListing } from "@flowmgr/flow-api";
import { counted } from "../ui/say.ts";
import styles from "./kernel.module.css";

export function RoutingView({ listing }: { listing: KernelListing }) {
  return (
    <>
      <Family title="IPv4" command="ip" family={listing.ip} />
      {listing.ip6 ? <Family title="IPv6" command="ip -6" family={listing.ip6} /> : null}
    </>
  );
}

/** `flowmgr-4-0123456789abcdef: 100000 networks, @office`. */
function setWords({ name, networks, lists }: KernelFamily["sets"][number]): string {
  const named = lists.map((list) => `, @${list}`).join("");
  return `${name}: ${counted(networks, "network")}${named}`;
}

type FamilyProps = { title: string; command: string; family: KernelFamily };

function Family({ title, command, family: { ipRules, routes, sets } }: FamilyProps) {
  return (
    <section aria-label={`${title} routing`}>
      <h2>{title}</h2>
      <Lines title={`${command} rule`} lines={ipRules} none="no rule of ours" />
      <Lines title={`${command} route`} lines={routes} none="no route of ours" />
      {sets.length > 0 ? <Lines title="ipset list" lines={sets.map(setWords)} none="" /> : null}
    </section>
  );
}

function Lines({ title, lines, none }: { title: string; lines: string[]; none: string }) {
  return (
    <div className={styles.lines}>
      <h3>{title}</h3>
      {lines.length === 0 ? (
        <p className={styles.quiet}>{none}</p>
      ) : (
        <ul>
          {lines.map((line) => (
            <li key={line}>
              <code>{line}</code>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
