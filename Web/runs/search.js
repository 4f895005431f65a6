import { number } from "../format.js";

const FIELDS = {
  id: (run) => [run.run_id],
  run: (run) => [run.run_id],
  tag: (run) => run.tags ?? [],
  status: (run) => [run.status],
  agent: (run) => [run.agent_id],
  worker: (run) => [run.worker_id],
};

/** A configuration as flat pairs, `optimizer.lr` for what lies deeper; lists stay in one piece. */
export function flatten(config, prefix = "") {
  if (config === null || typeof config !== "object" || Array.isArray(config)) return [];
  return Object.entries(config).flatMap(([key, value]) => {
    const isGroup = value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length > 0;
    return isGroup ? flatten(value, `${prefix}${key}.`) : [[prefix + key, value]];
  });
}

/** A value of a configuration as it is shown and searched. */
export function configText(value) {
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  return typeof value === "number" ? plainNumber(value) : JSON.stringify(value);
}

/** A search text as terms: words, and `key:value`, `key<number` or `key>number`. */
export function parseSearch(text) {
  return (text ?? "").trim().split(/\s+/).filter(Boolean).map((word) => {
    const parts = /^([^:<>]+)([:<>])(.+)$/.exec(word);
    return parts ? { key: parts[1].toLowerCase(), sign: parts[2], value: parts[3].toLowerCase() } : { value: word.toLowerCase() };
  });
}

/** Whether a run fits all terms. */
export function fits(run, terms) {
  return terms.every((term) => (term.key === undefined ? hasWord(run, term.value) : hasPair(run, term) || hasWord(run, `${term.key}${term.sign}${term.value}`)));
}

/** The keys of the configurations; first those whose values differ, then those that not all runs have. */
export function configKeys(runs) {
  const values = new Map();
  for (const run of runs) {
    for (const [key, value] of flatten(run.config)) {
      if (!values.has(key)) values.set(key, { seen: new Set(), runs: 0 });
      values.get(key).seen.add(configText(value));
      values.get(key).runs += 1;
    }
  }
  const keys = [...values].map(([key, { seen, runs: having }]) => ({ key, differs: seen.size > 1, varies: seen.size > 1 || having < runs.length }));
  keys.sort((a, b) => Number(b.differs) - Number(a.differs) || Number(b.varies) - Number(a.varies));
  return keys.map(({ key, varies }) => ({ key, varies }));
}

function hasWord(run, word) {
  const plain = Object.values(FIELDS).flatMap((values) => values(run));
  const pairs = flatten(run.config).flatMap(([key, value]) => [key, configText(value)]);
  return [...plain, ...pairs].some((text) => text?.toLowerCase().includes(word));
}

function hasPair(run, { key, sign, value }) {
  const pairs = flatten(run.config).filter(([name]) => isKey(name.toLowerCase(), key)).map(([, each]) => each);
  if (sign !== ":") return pairs.some((each) => typeof each === "number" && (sign === "<" ? each < Number(value) : each > Number(value)));
  const fields = FIELDS[key]?.(run) ?? [];
  return fields.some((text) => text?.toLowerCase().includes(value)) || pairs.some((each) => isValue(each, value));
}

/** The whole name of a key, or its last parts: `lr` finds `optimizer.lr`. */
function isKey(name, wanted) {
  return name === wanted || name.endsWith(`.${wanted}`);
}

function isValue(value, wanted) {
  if (typeof value === "number") return wanted !== "" && value === Number(wanted);
  return configText(value).toLowerCase().includes(wanted);
}

function plainNumber(value) {
  const short = String(value);
  return short.length <= 8 ? short : number(value);
}
