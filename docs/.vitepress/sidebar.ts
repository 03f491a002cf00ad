/** A heading of the sidebar, and the pages below it by their paths in the repository. */
export interface Part {
  readonly title: string;
  readonly pages: readonly (readonly [title: string, path: string])[];
}

/** Every page of the site; a page that is missing here fails the tests. */
export const parts: readonly Part[] = [
  {
    title: 'Start',
    pages: [
      ['What it is', 'README.md'],
      ['Five minutes', 'docs/start.md'],
    ],
  },
  {
    title: 'Guides by reader',
    pages: [
      ['EnMS developer', 'docs/guides/enms-developer.md'],
      ['Data scientist', 'docs/guides/data-scientist.md'],
      ['Operator', 'docs/guides/operator.md'],
      ['Load tester', 'docs/guides/load-tester.md'],
      ['Contributor', 'CONTRIBUTING.md'],
    ],
  },
  {
    title: 'Guides by subject',
    pages: [
      ['Describe a factory', 'docs/guides/site.md'],
      ['Energy management', 'docs/guides/energy-management.md'],
      ['Stories', 'docs/guides/stories.md'],
      ['Datasets', 'docs/guides/datasets.md'],
      ['Notebooks', 'docs/guides/notebooks.md'],
      ['The report', 'docs/guides/report.md'],
      ['Deployment', 'docs/guides/deployment.md'],
      ['Kubernetes', 'docs/guides/kubernetes.md'],
      ['Grafana and Telegraf', 'docs/guides/grafana.md'],
      ['Node-RED', 'docs/guides/node-red.md'],
      ['Scale', 'docs/guides/scale.md'],
      ['Reliability', 'docs/guides/reliability.md'],
      ['Troubleshooting', 'docs/guides/troubleshooting.md'],
      ['Security', 'SECURITY.md'],
    ],
  },
  {
    title: 'Reference',
    pages: [
      ['Command line', 'docs/reference/command-line.md'],
      ['Configuration', 'docs/reference/configuration.md'],
      ['API', 'docs/reference/api.md'],
      ['Topics and payloads', 'docs/reference/topics.md'],
      ['Scenario files', 'docs/reference/scenarios.md'],
      ['Scenarios that come with it', 'docs/reference/gallery.md'],
      ['Machine types', 'docs/reference/machines.md'],
      ['Library', 'docs/reference/library.md'],
      ['Nomenclature', 'docs/reference/nomenclature.md'],
      ['Changelog', 'CHANGELOG.md'],
    ],
  },
  {
    title: 'Why it is right',
    pages: [
      ['Physics', 'docs/why/physics.md'],
      ['Validation', 'docs/why/validation.md'],
      ['Determinism', 'docs/why/determinism.md'],
      ['Benchmarks', 'docs/why/benchmarks.md'],
      ['Decisions', 'docs/adr/README.md'],
    ],
  },
  {
    title: 'Contributing',
    pages: [
      ['Architecture', 'docs/contributing/architecture.md'],
      ['Release', 'docs/contributing/release.md'],
    ],
  },
];
