import { Link } from "wouter";

/** A flow's name, a way to its panel. */
export function FlowLink({ name }: { name: string }) {
  return <Link href={`/flows/${encodeURIComponent(name)}`}>{name}</Link>;
}
