/**
 * The nodes of a diagram, each of which is there once (hash-consing), in typed arrays: a config of ten thousand flows
 * has some hundred thousand edges, and objects would cost ten times the memory.
 */

/** A node by its number, or a terminal: -1 - number of the terminal. */
export type Node = number;

/** The terminal of packets that nothing speaks of. */
export const NONE: Node = -1;

/** The terminal with a number from 1 on; 0 is NONE. */
export const terminal = (number: number): Node => -1 - number;

/** The number of a terminal. */
export const terminalNumber = (node: Node): number => -1 - node;

/** What was asked has no answer: the diagram would become larger than it may, or who asked gave up. */
export class TooLarge extends Error {
  override name = "TooLarge";
}

/** What the work gives; null where it has no answer. */
export function within<Answer>(work: () => Answer): Answer | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof TooLarge) return null;
    throw error;
  }
}

/** Most edges, unless told otherwise: 8 bytes each. Configs of ten thousand flows stay below a tenth. */
const MOST_EDGES = 8_000_000;

export class NodeStore {
  readonly #mostEdges: number;
  /** How many times as many there may be. */
  #times = 1;
  #level = new Uint8Array(1 << 12);
  /** Is there no way to NONE below? */
  #total = new Uint8Array(1 << 12);
  /** Where a node's edges begin; they end where those of the next node begin. */
  #offset = new Int32Array(1 << 12);
  #nodes = 0;
  #high = new Int32Array(1 << 14);
  #child = new Int32Array(1 << 14);
  /** Node number + 1 by hash, open addressing. */
  #table = new Int32Array(1 << 13);

  constructor(mostEdges = MOST_EDGES) {
    this.#mostEdges = mostEdges;
  }

  /** How many edges there are, a measure of its memory. */
  get edges(): number {
    return this.#offset[this.#nodes] ?? 0;
  }
  /** How many nodes there are. */
  get size(): number {
    return this.#nodes;
  }

  /** Makes the limit so many times what it was at first, unless it is more already. */
  widen(times: number): void {
    this.#times = Math.max(this.#times, times);
  }

  /** Which field a node asks. */
  levelOf(node: Node): number {
    return this.#level[node] ?? 0;
  }

  /** Where a node's edges begin; they end where those of the next node begin. */
  firstEdge(node: Node): number {
    return this.#offset[node] ?? 0;
  }

  /** The highest value for which an edge is taken; it begins behind that of the edge before. */
  highOf(edge: number): number {
    return this.#high[edge] ?? 0;
  }

  childOf(edge: number): Node {
    return this.#child[edge] ?? NONE;
  }

  /** Does every packet come to a terminal that is not NONE? */
  isTotal(node: Node): boolean {
    return node < 0 ? node !== NONE : this.#total[node] === 1;
  }

  /** The node with these edges: a new one, the one that there is, or the only child where nothing depends on it. */
  make(level: number, highs: readonly number[], children: readonly Node[]): Node {
    const [only] = children;
    if (children.length === 1 && only !== undefined) return only;
    let slot = this.#hash(level, highs, children) & (this.#table.length - 1);
    for (let known = this.#table[slot] ?? 0; known > 0; known = this.#table[slot] ?? 0) {
      if (this.#isSame(known - 1, level, highs, children)) return known - 1;
      slot = (slot + 1) & (this.#table.length - 1);
    }
    const node = this.#append(level, highs, children);
    this.#table[slot] = node + 1;
    if (this.#nodes * 2 > this.#table.length) this.#rehash();
    return node;
  }

  #append(level: number, highs: readonly number[], children: readonly Node[]): Node {
    const from = this.edges;
    const most = this.#times * this.#mostEdges;
    if (from + highs.length > most) throw new TooLarge(`more than ${most} edges`);
    while (from + highs.length > this.#high.length) {
      this.#high = grown(this.#high);
      this.#child = grown(this.#child);
    }
    const node = this.#nodes;
    if (node + 1 >= this.#offset.length) this.#offset = grown(this.#offset);
    if (node >= this.#level.length) {
      this.#level = grown(this.#level);
      this.#total = grown(this.#total);
    }
    let total = 1;
    for (let at = 0; at < highs.length; at += 1) {
      const child = children[at] ?? NONE;
      this.#high[from + at] = highs[at] ?? 0;
      this.#child[from + at] = child;
      if (!this.isTotal(child)) total = 0;
    }
    this.#level[node] = level;
    this.#total[node] = total;
    this.#offset[node + 1] = from + highs.length;
    this.#nodes += 1;
    return node;
  }

  #isSame(node: Node, level: number, highs: readonly number[], children: readonly Node[]): boolean {
    const from = this.firstEdge(node);
    if (this.#level[node] !== level || this.firstEdge(node + 1) - from !== highs.length) return false;
    for (let at = 0; at < highs.length; at += 1) {
      if (this.#high[from + at] !== highs[at] || this.#child[from + at] !== children[at]) return false;
    }
    return true;
  }

  #hash(level: number, highs: ArrayLike<number>, children: ArrayLike<number>): number {
    let hash = level + 1;
    for (let at = 0; at < highs.length; at += 1) {
      hash = Math.imul(hash ^ (highs[at] ?? 0), 0x9e37_79b1);
      hash = Math.imul(hash ^ (hash >>> 15) ^ (children[at] ?? 0), 0x85eb_ca6b);
    }
    return hash ^ (hash >>> 13);
  }

  #rehash(): void {
    this.#table = new Int32Array(this.#table.length * 4);
    for (let node = 0; node < this.#nodes; node += 1) {
      const [from, to] = [this.firstEdge(node), this.firstEdge(node + 1)];
      const hash = this.#hash(
        this.#level[node] ?? 0,
        this.#high.subarray(from, to),
        this.#child.subarray(from, to),
      );
      let slot = hash & (this.#table.length - 1);
      while (this.#table[slot] !== 0) slot = (slot + 1) & (this.#table.length - 1);
      this.#table[slot] = node + 1;
    }
  }
}

function grown<Numbers extends Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(numbers: Numbers): Numbers;
function grown(numbers: Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>) {
  const length = numbers.length * 2;
  if (numbers instanceof Uint8Array) {
    const more = new Uint8Array(length);
    more.set(numbers);
    return more;
  }
  const more = new Int32Array(length);
  more.set(numbers);
  return more;
}
