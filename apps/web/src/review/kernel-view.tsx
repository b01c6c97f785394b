/** What an apply does in the kernel, per family: chains, the text for iptables-restore, ip rules, routes. */
import type { Plan } from "@flowmgr/flow-api";
import { useGrowing } from "../ui/growing.tsx";
import { counted } from "../ui/say.ts";
import { type FamilyPlan, isUntouched } from "./blocked.ts";
import styles from "./review.module.css";

/** Restore text drawn at once; ten thousand flows would be a million characters. */
const LINES = 1000;

export function KernelView({ kernel }: { kernel: Plan["kernel"] }) {
  return (
    <>
      <Family title="IPv4" plan={kernel.ip} />
      {kernel.ip6 ? (
        <Family title="IPv6" plan={kernel.ip6} />
      ) : (
        <p className={styles.quiet}>IPv6 is not judged here: it is switched off, or the machine lacks it.</p>
      )}
    </>
  );
}

function Family({ title, plan }: { title: string; plan: FamilyPlan }) {
  return (
    <section className={styles.family} aria-label={title}>
      <h3 className={styles.familyTitle}>{title}</h3>
      {isUntouched(plan) ? (
        <p className={styles.quiet}>Nothing changes.</p>
      ) : (
        <>
          <Lines
            title="Chains"
            lines={[
              ...plan.added.map((text) => ({ sign: "+" as const, text })),
              ...plan.changed.map((text) => ({ sign: "~" as const, text })),
              ...plan.removed.map((text) => ({ sign: "−" as const, text })),
            ]}
          />
          <Lines title="Sets" lines={signed(plan.sets)} />
          <Lines title="ip rules" lines={signed(plan.ipRules)} />
          <Lines title="Routes" lines={signed(plan.routes)} />
          {plan.restore ? <Restore title={title} text={plan.restore} /> : null}
        </>
      )}
    </section>
  );
}

type SignedLine = { sign: "+" | "−" | "~"; text: string };

function signed({ add, remove }: { add: string[]; remove: string[] }): SignedLine[] {
  return [
    ...add.map((text) => ({ sign: "+" as const, text })),
    ...remove.map((text) => ({ sign: "−" as const, text })),
  ];
}

const MEANING = { "+": "added", "−": "removed", "~": "changed" } as const;

function Lines({ title, lines }: { title: string; lines: SignedLine[] }) {
  const { shown, more } = useGrowing(lines.length, "line");
  if (lines.length === 0) return null;
  return (
    <div className={styles.lines}>
      <h4>{title}</h4>
      <ul>
        {lines.slice(0, shown).map(({ sign, text }) => (
          <li key={`${sign}${text}`}>
            <span className={`${styles.sign} ${styles[MEANING[sign]]}`} aria-hidden="true">
              {sign}
            </span>
            <span className="visually-hidden">{MEANING[sign]}: </span>
            <code>{text}</code>
          </li>
        ))}
      </ul>
      {more}
    </div>
  );
}

function Restore({ title, text }: { title: string; text: string }) {
  const lines = text.trimEnd().split("\n");
  return (
    <details className={styles.restore} open={lines.length <= 40}>
      <summary>What iptables-restore gets: {counted(lines.length, "line")}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <section className={styles.scrolled} tabIndex={0} aria-label={`Restore text, ${title}`}>
        <pre>
          {lines.slice(0, LINES).join("\n")}
          {lines.length > LINES ? `\n… and ${counted(lines.length - LINES, "more line")}` : ""}
        </pre>
      </section>
    </details>
  );
}
