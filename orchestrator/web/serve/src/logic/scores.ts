// Scores of right and wrong answers: their distributions and the ROC curve.

export interface Bin {
  from: number;
  to: number;
  correct: number;
  incorrect: number;
}

/** Shares of each class in equal bins over both. */
export function histogram(correct: number[], incorrect: number[], bins = 24): Bin[] {
  const all = [...correct, ...incorrect];
  if (all.length === 0) return [];
  const low = Math.min(...all);
  const high = Math.max(...all);
  const width = (high - low) / bins || 1;
  const result = Array.from({length: high > low ? bins : 1}, (_, i) => ({
    from: low + i * width, to: low + (i + 1) * width, correct: 0, incorrect: 0,
  }));
  const binOf = (score: number) => result[Math.min(result.length - 1, Math.floor((score - low) / width))] as Bin;
  for (const score of correct) binOf(score).correct += 1 / correct.length;
  for (const score of incorrect) binOf(score).incorrect += 1 / incorrect.length;
  return result;
}

export interface RocPoint {
  threshold: number;
  /** Shares that are accepted. */
  correct: number;
  incorrect: number;
}

/** What each threshold would accept, from none to all. `low`: low scores are sure. */
export function roc(correct: number[], incorrect: number[], low: boolean): RocPoint[] {
  const turn = (score: number) => (low ? score : -score);
  const thresholds = [...new Set([...correct, ...incorrect].map(turn))].sort((a, b) => a - b);
  const rights = correct.map(turn).sort((a, b) => a - b);
  const wrongs = incorrect.map(turn).sort((a, b) => a - b);
  const points: RocPoint[] = [{threshold: low ? -Infinity : Infinity, correct: 0, incorrect: 0}];
  let i = 0;
  let j = 0;
  for (const threshold of thresholds) {
    while (i < rights.length && (rights[i] as number) <= threshold) i += 1;
    while (j < wrongs.length && (wrongs[j] as number) <= threshold) j += 1;
    points.push({threshold: turn(threshold), correct: i / (rights.length || 1), incorrect: j / (wrongs.length || 1)});
  }
  return points;
}

/** Area under it, by trapezoids: P(a right answer is surer than a wrong one), ties half. */
export function area(points: RocPoint[]): number {
  let sum = 0;
  for (let i = 1; i < points.length; i += 1) {
    const [before, here] = [points[i - 1] as RocPoint, points[i] as RocPoint];
    sum += ((here.incorrect - before.incorrect) * (here.correct + before.correct)) / 2;
  }
  return sum;
}
