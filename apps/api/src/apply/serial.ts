export type Serial = <T>(task: () => Promise<T>) => Promise<T>;

/**
 * One after the other: gives a function that runs tasks in the order in which they come. Two readings or writings of
 * the kernel at once would see each other's half-done work.
 */
export function serial(): Serial {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const mine = last.then(task);
    // A task that fails is the failure of who asked for it, not of those behind it; and what it gave is not kept here.
    last = mine.then(nothing, nothing);
    return mine;
  };
}

const nothing = () => undefined;
