/** The dashboard, with its queries expanded as Grafana does it. */
import assert from 'node:assert/strict';
import { textOf } from './files.ts';

/** A query of a panel or an annotation. */
export interface Target {
  readonly datasource: { readonly uid: string };
  readonly format: string;
  readonly rawSql: string;
}

/** A panel, as far as the tests need it. */
export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets: readonly Target[];
}

/** The dashboard, as far as the tests need it. */
export interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly annotations: {
    readonly list: readonly { readonly name: string; readonly target: Target }[];
  };
  readonly templating: {
    readonly list: readonly {
      readonly type: string;
      readonly name: string;
      readonly query: string;
    }[];
  };
}

/** The dashboard that Compose provisions. */
export const dashboard: Dashboard = JSON.parse(textOf('deploy/grafana/dashboards/factory.json'));
/** A row of an answer, as texts; '' is null. */
export type Answer = Readonly<Record<string, string>>;
/** Asks the database. */
type Query = (sql: string) => readonly Answer[] | Promise<readonly Answer[]>;

/** The dashboard's window, and the width of a bucket. */
export interface View {
  readonly fromMs: number;
  readonly toMs: number;
  readonly intervalS: number;
}

/** The dashboard as it is shown for a window, with every factory and machine chosen. */
export class ShownDashboard {
  /** The values of its variables. */
  readonly variables: Record<string, readonly string[]> = {};
  readonly #view: View;
  readonly #query: Query;

  private constructor(view: View, query: Query) {
    this.#view = view;
    this.#query = query;
  }

  /** Opens it, which asks for the values of its variables. */
  static async open(view: View, query: Query): Promise<ShownDashboard> {
    const shown = new ShownDashboard(view, query);
    for (const { type, name, query } of dashboard.templating.list) {
      const isAsked = type === 'query';
      const values = isAsked
        ? (await shown.#ask(query)).map(({ __value = '' }) => __value)
        : [query];
      shown.variables[name] = values;
    }
    return shown;
  }

  /** The rows of a panel's query; of the first one, if not said. */
  panel(title: string, target = 0): Promise<readonly Answer[]> {
    const panel = dashboard.panels.find((panel) => panel.title === title);
    if (!panel) throw new Error(`there is no panel ${title}`);
    return this.#ask((panel.targets[target] as Target).rawSql);
  }

  /** The rows of an annotation's query. */
  annotations(name: string): Promise<readonly Answer[]> {
    const annotation = dashboard.annotations.list.find((each) => each.name === name);
    if (!annotation) throw new Error(`there are no annotations ${name}`);
    return this.#ask(annotation.target.rawSql);
  }

  async #ask(sql: string): Promise<readonly Answer[]> {
    return this.#query(this.#expand(sql));
  }

  /** Expands the macros of the PostgreSQL data source, and variables. */
  #expand(sql: string): string {
    const { fromMs, toMs, intervalS } = this.#view;
    const at = (timeMs: number) => `'${new Date(timeMs).toISOString()}'`;
    const expanded = sql
      .replace(/\$__timeFilter\(([^)]+)\)/g, `$1 BETWEEN ${at(fromMs)} AND ${at(toMs)}`)
      .replaceAll('$__timeFrom()', at(fromMs))
      .replaceAll('$__timeTo()', at(toMs))
      .replace(
        /\$__timeGroup(Alias)?\(([^,]+), *\$__interval\)/g,
        (_, alias, column) =>
          `floor(extract(epoch from ${column})/${intervalS})*${intervalS}` +
          (alias ? ' AS "time"' : ''),
      )
      .replace(/\$\{(\w+):(sqlstring|raw)\}/g, (_, name, form) =>
        (this.variables[name] ?? [])
          .map((value) => (form === 'raw' ? value : `'${value.replaceAll("'", "''")}'`))
          .join(','),
      );
    assert.doesNotMatch(expanded, /\$/, 'a macro that is not known here');
    return expanded;
  }
}
