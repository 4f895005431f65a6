import { call } from "../api.js";

const PAGE = 5000;

/** The training metrics of one run, of which only what is new is asked for again. */
export class MetricRows {
  #full = [];
  #last = [];
  #cursor;

  constructor(runID, { most = 50_000, query = (params) => call("metrics.query", params) } = {}) {
    this.runID = runID;
    this.most = most;
    this.query = query;
  }

  get rows() {
    return [...this.#full, ...this.#last];
  }

  /** Whether there are rows beyond the most that are read. */
  get isCut() {
    return this.#full.length >= this.most;
  }

  /** Reads on from the last page that was not full; returns whether anything is new. */
  async refresh() {
    const before = this.#full.length + this.#last.length;
    while (!this.isCut) {
      const params = { table: "training_metrics", run_id: this.runID, limit: PAGE };
      const page = await this.query(this.#cursor === undefined ? params : { ...params, cursor: this.#cursor });
      this.#last = page.rows;
      if ((page.cursor ?? undefined) === undefined) break;
      this.#full.push(...page.rows);
      this.#last = [];
      this.#cursor = page.cursor;
    }
    return this.#full.length + this.#last.length !== before;
  }
}
