/** Directors, routing tables and interfaces: which flows use them, and whether packets get through. */
import type { Director, HealthLine, Interface, RoutingTable } from "@flowmgr/flow-api";
import { type ReactNode, useId } from "react";
import { Link } from "wouter";
import { type Paths, usePaths } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { useGrowing } from "../ui/growing.tsx";
import { counted } from "../ui/say.ts";
import { PlaceState, Waiting } from "../ui/states.tsx";
import { DirectorMark } from "./director-mark.tsx";
import { summaryOf } from "./health.ts";
import { HealthLines, PathSign } from "./health-lines.tsx";
import styles from "./paths.module.css";
import { UsedBy } from "./used-by.tsx";

export function PathsPlace() {
  const { data, error, refetch } = usePaths();
  if (data) return <Listed paths={data} />;
  if (!error) return <Waiting>Looking at the paths</Waiting>;
  return (
    <PlaceState
      title="The paths could not be looked at"
      actions={<Button onClick={() => void refetch()}>Try again</Button>}
    >
      {error.message}
    </PlaceState>
  );
}

function Listed({ paths: { directors, tables, interfaces } }: { paths: Paths }) {
  return (
    <section className={styles.place} aria-label="Paths">
      <header className={styles.head}>
        <h1>{summaryOf([...directors, ...tables, ...interfaces])}</h1>
        <p className={styles.quiet}>
          What flows name and where their packets go by it, as the kernel has it now.
        </p>
      </header>
      <Section
        title="Directors"
        noun="director"
        facts="Mark"
        empty={
          <>
            No flow names a director. A flow with the policy <code>director NAME</code> hands its packets to
            an LVS virtual service by a mark.
          </>
        }
        rows={directors.map(directorRow)}
      />
      <Section
        title="Routing tables"
        noun="routing table"
        facts="Number, mark, routes"
        empty={
          <>
            No flow names a routing table. A flow with the policy <code>table NAME</code> has its packets
            routed by that table.
          </>
        }
        rows={tables.map(tableRow)}
      />
      <Section
        title="Interfaces"
        noun="interface"
        facts="Addresses"
        empty={
          <>
            No flow names an interface. A rule with <code>iface NAME</code> holds for packets that come in by
            it.
          </>
        }
        rows={interfaces.map(interfaceRow)}
      />
    </section>
  );
}

type PathRow = {
  name: string;
  /** Said under the name. */
  note: string | null;
  facts: string[];
  /** Under the facts: what can be set. */
  control?: ReactNode;
  usedBy: Director["usedBy"];
  health: HealthLine[];
};

/** The draft may use what is not in force yet, and what is in force what the draft no longer uses. */
function noteOf(inForce: boolean, usedBy: Director["usedBy"]): string | null {
  const used = usedBy.some(({ on }) => on);
  if (used === inForce) return null;
  return used ? "not applied yet" : "in force until the next apply";
}

function directorRow(director: Director): PathRow {
  const { name, usedBy, inForce, health } = director;
  const control = <DirectorMark director={director} />;
  return { name, note: noteOf(inForce, usedBy), facts: [], control, usedBy, health };
}

function tableRow({ name, number, mark, routes, usedBy, inForce, health }: RoutingTable): PathRow {
  const facts = [
    number === null ? "" : String(number),
    mark ?? "",
    `${counted(routes.ip, "IPv4 route")}, ${routes.ip6} IPv6`,
  ];
  return { name, note: noteOf(inForce, usedBy), facts: facts.filter((fact) => fact !== ""), usedBy, health };
}

function interfaceRow({ name, there, up, addresses, usedBy, health }: Interface): PathRow {
  const note = there ? (up ? null : "down") : "not there";
  return { name, note, facts: addresses, usedBy, health };
}

/** Rows drawn at a time; each may be a dozen lines tall. */
const STEP = 25;

type SectionProps = { title: string; noun: string; facts: string; empty: ReactNode; rows: PathRow[] };

function Section({ title, noun, facts, empty, rows }: SectionProps) {
  const id = useId();
  const { shown, more } = useGrowing(rows.length, noun, STEP);
  return (
    <section className={styles.section} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {rows.length === 0 ? (
        <p className={styles.quiet}>
          {empty} <Link href="/flows">Go to Flows</Link>
        </p>
      ) : (
        <table className={styles.table} aria-labelledby={id}>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">{facts}</th>
              <th scope="col">Used by</th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, shown).map((row) => (
              <Row key={row.name} row={row} />
            ))}
          </tbody>
        </table>
      )}
      {more}
    </section>
  );
}

function Row({ row: { name, note, facts, control, usedBy, health } }: { row: PathRow }) {
  return (
    <tr>
      <th scope="row">
        <code>{name}</code>
        <PathSign health={health} />
        {note ? <small className={styles.note}>{note}</small> : null}
      </th>
      <td className={styles.facts}>
        {facts.map((fact) => (
          <div key={fact}>{fact}</div>
        ))}
        {control}
      </td>
      <td>
        <UsedBy usedBy={usedBy} />
      </td>
      <td>
        <HealthLines health={health} />
      </td>
    </tr>
  );
}
