import type { Verdict } from "@flowmgr/flow-analysis";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { type Paths, usePaths } from "../api/index.ts";
import { counted } from "../ui/say.ts";
import styles from "./packets.module.css";

/** Where a director or a table takes the packet: its mark, its routes, whether the path stands. Nothing for the others. */
export function Way({ verdict, inForce }: { verdict: Verdict; inForce: boolean }) {
  if (verdict.action !== "director" && verdict.action !== "table") return null;
  return <WayOf verdict={verdict} inForce={inForce} />;
}

function WayOf({ verdict, inForce }: { verdict: Verdict; inForce: boolean }) {
  const paths = usePaths().data;
  const facts = paths ? factsOf(verdict, paths, inForce) : null;
  return (
    <dl className={styles.way}>
      {facts?.map(({ what, said }) => (
        <div key={what}>
          <dt>{what}</dt>
          <dd>{said}</dd>
        </div>
      ))}
      <div>
        <dt>path</dt>
        <dd>
          <Link href="/paths">{health(verdict, paths)}</Link>
        </dd>
      </div>
    </dl>
  );
}

type Fact = { what: string; said: ReactNode };

function factsOf(verdict: Verdict, paths: Paths, inForce: boolean): Fact[] {
  if (verdict.action === "director") {
    const found = paths.directors.find(({ name }) => name === verdict.director);
    return [{ what: "mark", said: markWords(inForce ? found?.mark : found?.nextMark) }];
  }
  const found = tableOf(verdict, paths);
  const facts: Fact[] = [{ what: "mark", said: markWords(found?.mark) }];
  if (!found) return facts;
  const routes = `${counted(found.routes.ip, "IPv4 route")}, ${found.routes.ip6} IPv6`;
  return [...facts, { what: "table", said: `${nameOf(found)}, ${routes}` }];
}

/** "100", "uplink2 (100)" */
function nameOf({ name, number }: Paths["tables"][number]): string {
  if (number === null) return `${name} (no number here)`;
  return name === String(number) ? name : `${name} (${number})`;
}

function markWords(mark: string | null | undefined): ReactNode {
  return mark ? <code>{mark}</code> : "given by the apply";
}

function tableOf({ table }: Verdict, paths: Paths) {
  return paths.tables.find(({ number }) => number === (table ?? null));
}

function health(verdict: Verdict, paths: Paths | undefined): string {
  const found =
    verdict.action === "director"
      ? paths?.directors.find(({ name }) => name === verdict.director)
      : paths && tableOf(verdict, paths);
  const bad = found?.health.find(({ state }) => state === "error" || state === "warning");
  return bad ? `${bad.what}: ${bad.text}` : found ? "stands, as far as the kernel tells" : "see Paths";
}
