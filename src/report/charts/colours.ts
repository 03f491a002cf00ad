/** A chart colour with six hexadecimal digits; each colour has one role. */
export type Colour = `#${string}`;

/** Chart colours of the light page. Text and lines have a contrast of at least 4.5 on white. */
export const COLOURS = {
  text: '#16202a',
  quiet: '#51606d',
  edge: '#dbe1e6',
  electricity: '#0f766e',
  fuel: '#b45309',
  steam: '#1d4ed8',
  anomaly: '#7c2d92',
  line: '#b3261e',
  heat0: '#e3f2f0',
  heat1: '#bfe1dd',
  heat2: '#98cec8',
  heat3: '#6fb9b1',
  heat4: '#46a198',
  heat5: '#24867d',
  heat6: '#126860',
  heat7: '#084a44',
} as const satisfies Record<string, Colour>;

/** Chart colours of the dark page; here, high values are bright. */
const DARK_COLOURS: Readonly<Record<keyof typeof COLOURS, Colour>> = {
  text: '#e8eef1',
  quiet: '#a3b3bd',
  edge: '#2a363d',
  electricity: '#2dd4bf',
  fuel: '#fbbf24',
  steam: '#93c5fd',
  anomaly: '#e3a8f2',
  line: '#ff9d94',
  heat0: '#17302f',
  heat1: '#17423f',
  heat2: '#185650',
  heat3: '#1a6c64',
  heat4: '#1f867b',
  heat5: '#29a295',
  heat6: '#4cc2b4',
  heat7: '#8fe6da',
};

/** Colours of a heat map, from low to high. */
export const HEAT: readonly Colour[] = [
  COLOURS.heat0,
  COLOURS.heat1,
  COLOURS.heat2,
  COLOURS.heat3,
  COLOURS.heat4,
  COLOURS.heat5,
  COLOURS.heat6,
  COLOURS.heat7,
];

/** The colours of both pages as CSS custom properties: `--c-text: …`. */
export function colourProperties(): string {
  return Object.entries(COLOURS)
    .map(([role, light]) => {
      const dark = DARK_COLOURS[role as keyof typeof COLOURS];
      return `--c-${role}:light-dark(${light},${dark});`;
    })
    .join('');
}

/** Replaces the light colours of a drawing with custom properties, so that it follows the page. */
export function withProperties(svg: string): string {
  const roles = new Map<string, string>(
    Object.entries(COLOURS).map(([role, light]) => [light, role]),
  );
  return svg.replace(/"(#[0-9a-f]{6})"/g, (whole, colour: string) => {
    const role = roles.get(colour);
    return role === undefined ? whole : `"var(--c-${role})"`;
  });
}
