/** What a write does to the number of labeled and of "yes" images; an undo's note holds the labels it takes away. */
export function effect({ method, params, note }) {
  if (method === "labels.set") return answers(params.labels, 1);
  if (method === "labels.set_many") return sum(params.sets.map(({ labels }) => answers(labels, 1)));
  if (method === "labels.undo" && note) return answers(note, -1);
  return {};
}

/** Server counts with the effects of answers that the server has not counted yet. */
export function withEffects(stats, effects) {
  const labels = {};
  for (const [name, counts] of Object.entries(stats.labels)) {
    const sum = { labeled: counts.labeled, yes: counts.yes };
    for (const each of effects) {
      sum.labeled += each[name]?.labeled ?? 0;
      sum.yes += each[name]?.yes ?? 0;
    }
    labels[name] = sum;
  }
  return { ...stats, labels };
}

/** Answers per hour over the last ten minutes, or null before there is something to go by. */
export function perHour(times, now) {
  const recent = times.filter((time) => now - time <= 600);
  if (recent.length < 5) return null;
  const span = Math.max(now - recent[0], 10);
  return Math.round(((recent.length - 1) / span) * 3600);
}

function sum(effects) {
  const total = {};
  for (const each of effects) {
    for (const [name, { labeled, yes }] of Object.entries(each)) {
      total[name] ??= { labeled: 0, yes: 0 };
      total[name].labeled += labeled;
      total[name].yes += yes;
    }
  }
  return total;
}

function answers(labels, sign) {
  const effects = {};
  for (const [name, value] of Object.entries(labels)) {
    if (value !== null) effects[name] = { labeled: sign, yes: sign * value };
  }
  return effects;
}
