import { call } from "../api.js";
import { headline } from "./specs.js";

const AT_ONCE = 100;
const SPARK_POINTS = 60;
/** A picture follows its run at most this often, in milliseconds. */
const PAUSE = 5000;

/** The last loss of every listed run and, for the rows that can be seen, how it went; asked for only where it changed. */
export class Summaries {
  #losses = new Map();
  #sparks = new Map();
  #pending = new Set();
  #wanted = new Set();
  #isBusy = false;

  /** `onChange(ids)` is told which runs are known better now. */
  constructor({ onChange, ask = call, pause = PAUSE }) {
    this.onChange = onChange;
    this.pause = pause;
    this.ask = ask;
  }

  /** The last loss of a run: undefined before it is known, null where there is none. */
  loss(id) {
    const metric = this.#losses.get(id);
    return metric ? metric.last : metric;
  }

  /** The values of the picture in a run's row. */
  spark(id) {
    return this.#sparks.get(id)?.values ?? [];
  }

  /** Sees to it that the runs are known. */
  async know(ids) {
    for (const id of ids) if (!this.#losses.has(id)) this.#pending.add(id);
    await this.#work();
  }

  /** New values of runs came in. */
  async changed(ids) {
    for (const id of ids) if (this.#losses.has(id)) this.#pending.add(id);
    await this.#work();
  }

  /** These rows can be seen. */
  async see(ids) {
    this.#wanted = new Set(ids);
    await this.#work();
  }

  async #work() {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (;;) {
        const ids = [...this.#pending].slice(0, AT_ONCE);
        const stale = [...this.#wanted].filter((id) => this.#isSparkStale(id)).slice(0, AT_ONCE);
        if (ids.length > 0) await this.#readLosses(ids);
        else if (stale.length > 0) await this.#readSparks(stale);
        else break;
      }
    } catch {
      // The list says what is wrong with the server; what is not known yet is asked for at the next occasion.
    } finally {
      this.#isBusy = false;
    }
  }

  #isSparkStale(id) {
    const metric = this.#losses.get(id);
    const spark = this.#sparks.get(id);
    return Boolean(metric) && (spark === undefined || (spark.count !== metric.count && performance.now() - spark.at >= this.pause));
  }

  async #readLosses(ids) {
    const { metrics } = await this.ask("metrics.list", { run_ids: ids });
    const byRun = new Map(ids.map((id) => [id, []]));
    for (const metric of metrics) byRun.get(metric.run_id)?.push(metric);
    for (const [id, own] of byRun) {
      this.#losses.set(id, headline(own));
      this.#pending.delete(id);
    }
    this.onChange(ids);
  }

  /** Runs with the same metric and phase are read together. */
  async #readSparks(ids) {
    const groups = new Map();
    for (const id of ids) {
      const { metric_name: name, phase, count } = this.#losses.get(id);
      const key = JSON.stringify([name, phase ?? null]);
      if (!groups.has(key)) groups.set(key, { name, phase, runs: new Map() });
      groups.get(key).runs.set(id, count);
    }
    for (const { name, phase, runs } of groups.values()) {
      const params = { table: "training_metrics", metric_name: name, run_ids: [...runs.keys()], max_points: SPARK_POINTS };
      const { series } = await this.ask("metrics.series", phase ? { ...params, where: { phase } } : params);
      for (const [id, count] of runs) this.#sparks.set(id, { count, values: [], at: performance.now() });
      for (const { key, last } of series) {
        if ((key.phase ?? "") === (phase ?? "")) this.#sparks.get(key.run_id).values = last.map((value) => (typeof value === "number" ? value : NaN));
      }
    }
    this.onChange(ids);
  }
}
