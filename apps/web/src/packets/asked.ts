/** What is searched for, as it stands in the address: `/test/search?q=dst+192.168.0.2+dstport+25&verdict=deny`. */
export type Asked = {
  /** Conditions as a rule has them. */
  text: string;
  direction: "in" | "out";
  /** As the language writes it; null for any. */
  verdict: string | null;
  config: "draft" | "running";
};

export function askedOf(search: string): Asked {
  const said = new URLSearchParams(search);
  return {
    text: said.get("q") ?? "",
    direction: said.get("direction") === "out" ? "out" : "in",
    verdict: said.get("verdict"),
    config: said.get("config") === "running" ? "running" : "draft",
  };
}

/** The address of a search; what is usual is left out. */
export function searchAddress({ text, direction, verdict, config }: Asked): string {
  const said = new URLSearchParams();
  if (text.trim() !== "") said.set("q", text.trim());
  if (direction === "out") said.set("direction", direction);
  if (verdict !== null) said.set("verdict", verdict);
  if (config === "running") said.set("config", config);
  const query = said.toString().replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%2C", ",");
  return query === "" ? "/test/search" : `/test/search?${query}`;
}
