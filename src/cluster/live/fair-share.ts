/**
 * How many shards a worker holds at most, so that all are held and no worker has two more than
 * another needs to: 20 of three workers are 7, 7 and 6.
 *
 * @param workers - Those that live, this one included.
 */
export function fairShare(shards: number, workers: number): number {
  return Math.ceil(shards / Math.max(1, workers));
}
