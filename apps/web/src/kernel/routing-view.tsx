/** Our ip rules and routes: how a mark finds its table, and where that leads. */
import type { KernelFamily, KernelListing } from "@flowmgr/flow-api";
import styles from "./kernel.module.css";

export function RoutingView({ listing }: { listing: KernelListing }) {
  return (
    <>
      <Family title="IPv4" command="ip" family={listing.ip} />
      {listing.ip6 ? <Family title="IPv6" command="ip -6" family={listing.ip6} /> : null}
    </>
  );
}

type FamilyProps = { title: string; command: string; family: KernelFamily };

function Family({ title, command, family: { ipRules, routes } }: FamilyProps) {
  return (
    <section aria-label={`${title} routing`}>
      <h2>{title}</h2>
      <Lines title={`${command} rule`} lines={ipRules} none="no rule of ours" />
      <Lines title={`${command} route`} lines={routes} none="no route of ours" />
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
