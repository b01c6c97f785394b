/** Packets that one rule could describe, as its text, with one of them to test. */
import type { Region } from "@flowmgr/flow-api";
import { useState } from "react";
import { Link } from "wouter";
import { Button } from "./button.tsx";
import { testAddress } from "./packet-link.ts";
import styles from "./regions.module.css";

/** A line each. What is the same for both families is one line; a family is named where the text does not show it. */
export function Regions({ regions, most }: { regions: readonly Region[]; most?: number }) {
  return (
    <ul className={styles.regions}>
      {linesOf(regions)
        .slice(0, most)
        .map(({ region, family }) => (
          <li key={`${region.family} ${region.text} ${region.sample.line}`}>
            <span className={styles.text}>
              {family ? <span className={styles.family}>IPv{family} </span> : null}
              {region.text === "" ? "every packet" : <Words text={region.text} />}
              {region.exceptInterfaces.length > 0 ? ` but not by ${region.exceptInterfaces.join(", ")}` : ""}
            </span>
            <span className={styles.sample}>
              <span>
                e.g. <code>{region.sample.line}</code>
              </span>
              <Link href={testAddress(region.sample.line)} aria-label={`Test ${region.sample.line}`}>
                Test
              </Link>
            </span>
          </li>
        ))}
    </ul>
  );
}

/** Characters of a region that are shown at first: some three lines, of which hundreds of addresses would make a screen. */
const LONG = 240;

function Words({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  if (whole || text.length <= LONG + LONG / 4) return <code>{text}</code>;
  const end = text.lastIndexOf(" ", LONG);
  return (
    <>
      <code>{text.slice(0, end)} …</code>{" "}
      <Button look="link" small onClick={() => setWhole(true)}>
        Show all of it
      </Button>
    </>
  );
}

type Line = { region: Region; family: 4 | 6 | null };

/** The lines that `Regions` draws. */
export function linesOf(regions: readonly Region[]): Line[] {
  const lines = new Map<string, Line>();
  for (const region of regions) {
    const key = `${region.text} ${region.exceptInterfaces}`;
    const known = lines.get(key);
    if (!known) lines.set(key, { region, family: isPlain(region) ? null : region.family });
    else if (known.region.family !== region.family) known.family = null;
  }
  return [...lines.values()];
}

/** Its words are of one family only. */
function isPlain({ conditions: { src, dst, proto } }: Region): boolean {
  const icmp = proto && !proto.not && proto.values.every((name) => name === "icmp" || name === "icmp6");
  return [src, dst].some((one) => one && !one.not) || icmp === true;
}
