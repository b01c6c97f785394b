import { type Config, listNamed, listsOf } from "@flowmgr/flow-model";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { HoverCard } from "./hover-card.tsx";
import styles from "./list-chip.module.css";
import { counted } from "./say.ts";

/** Values that a glance takes in; the list's own place shows all. */
const SHOWN = 12;

/** A chip that names a list tells what it holds, and leads to it; any other chip stays as it is. */
export function aroundListChip(config: Config): (value: string, chip: ReactNode) => ReactNode {
  return (value, chip) => {
    const name = listNamed(value);
    if (name === null) return chip;
    return (
      <HoverCard label={`List ${name}`} card={() => <ListCard name={name} config={config} />}>
        {chip}
      </HoverCard>
    );
  };
}

/** The address of a list's panel. */
export function listAddress(name: string): string {
  return `/lists/${encodeURIComponent(name)}`;
}

function ListCard({ name, config }: { name: string; config: Config }) {
  const list = listsOf(config).find((one) => one.name === name);
  if (!list) return <p>There is no list {name}.</p>;
  const more = list.values.length - SHOWN;
  return (
    <>
      <p className={styles.head}>
        <Link href={listAddress(name)}>List {name}</Link> {counted(list.values.length, "value")}
      </p>
      <ul className={styles.values}>
        {list.values.slice(0, SHOWN).map((value, index) => (
          <li key={index}>{value}</li>
        ))}
      </ul>
      {more > 0 ? <p className={styles.head}>and {more.toLocaleString("en")} more</p> : null}
    </>
  );
}
