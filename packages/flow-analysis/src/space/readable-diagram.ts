/** What a diagram says: nothing here makes nodes. */
import { type Intervals, unionOf } from "./intervals.ts";
import { NONE, type Node, type NodeStore, terminalNumber } from "./node-store.ts";

export class ReadableDiagram {
  protected readonly levels: number;
  protected readonly nodes: NodeStore;

  constructor(levels: number, nodes: NodeStore) {
    this.levels = levels;
    this.nodes = nodes;
  }

  /** How many edges there are, a measure of its memory. */
  get edges(): number {
    return this.nodes.edges;
  }

  /** Level of a node; that of a terminal is below all. */
  levelOf(node: Node): number {
    return node < 0 ? this.levels : this.nodes.levelOf(node);
  }

  /** Does every packet come to a terminal that is not NONE? */
  isTotal(node: Node): boolean {
    return this.nodes.isTotal(node);
  }

  /** The number of the terminal that a packet comes to; `values`, its value at each level. */
  find(node: Node, values: ArrayLike<number>): number {
    let at = node;
    while (at >= 0) {
      const value = values[this.nodes.levelOf(at)] ?? 0;
      let [first, last] = [this.nodes.firstEdge(at), this.nodes.firstEdge(at + 1) - 1];
      while (first < last) {
        const middle = (first + last) >>> 1;
        if (value <= this.nodes.highOf(middle)) last = middle;
        else first = middle + 1;
      }
      at = this.nodes.childOf(first);
    }
    return terminalNumber(at);
  }

  /** The numbers of all terminals below, NONE as 0. */
  terminals(node: Node): Set<number> {
    const seen = new Set<Node>();
    const open = [node];
    const found = new Set<number>();
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at < 0) found.add(terminalNumber(at));
      if (at < 0 || seen.has(at)) continue;
      seen.add(at);
      for (let edge = this.nodes.firstEdge(at); edge < this.nodes.firstEdge(at + 1); edge += 1) {
        const child = this.nodes.childOf(edge);
        if (!seen.has(child)) open.push(child);
      }
    }
    return found;
  }

  /** One way to a terminal that is not NONE, as a box: at each level one interval. */
  cell(node: Node): (Intervals | undefined)[] {
    const box: (Intervals | undefined)[] = Array.from({ length: this.levels }, () => undefined);
    let at = node;
    while (at >= 0) {
      const level = this.nodes.levelOf(at);
      let low = 0;
      let edge = this.nodes.firstEdge(at);
      for (; this.nodes.childOf(edge) === NONE; edge += 1) low = this.nodes.highOf(edge) + 1;
      box[level] = [low, this.nodes.highOf(edge)];
      at = this.nodes.childOf(edge);
    }
    return box;
  }

  /** The values of a field for which some packet comes to a terminal that is not NONE. */
  project(node: Node, level: number, max: number): Intervals {
    const pairs: [number, number][] = [];
    const seen = new Set<Node>();
    const open = [node];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at === NONE || seen.has(at)) continue;
      seen.add(at);
      if (this.levelOf(at) > level) return [0, max];
      let low = 0;
      for (let edge = this.nodes.firstEdge(at); edge < this.nodes.firstEdge(at + 1); edge += 1) {
        const [high, child] = [this.nodes.highOf(edge), this.nodes.childOf(edge)];
        if (this.levelOf(at) < level) open.push(child);
        else if (child !== NONE) pairs.push([low, high]);
        low = high + 1;
      }
    }
    return unionOf(pairs);
  }

  /** For each terminal but NONE what part of all packets comes to it; `weight`, what part of its field an interval is. */
  shares(node: Node, weight: (level: number, low: number, high: number) => number): Map<number, number> {
    const found = new Map<number, number>();
    /** By level: nodes are left only when all that leads to them has been. */
    const arriving = Array.from({ length: this.levels }, () => new Map<Node, number>());
    const arrive = (at: Node, share: number) => {
      const [into, key] = at < 0 ? [found, terminalNumber(at)] : [arriving[this.nodes.levelOf(at)], at];
      if (at !== NONE && share > 0) into?.set(key, (into.get(key) ?? 0) + share);
    };
    arrive(node, 1);
    for (const [level, nodes] of arriving.entries()) {
      for (const [at, share] of nodes) {
        let low = 0;
        for (let edge = this.nodes.firstEdge(at); edge < this.nodes.firstEdge(at + 1); edge += 1) {
          const [high, child] = [this.nodes.highOf(edge), this.nodes.childOf(edge)];
          if (child !== NONE) arrive(child, share * weight(level, low, high));
          low = high + 1;
        }
      }
    }
    return found;
  }
}
