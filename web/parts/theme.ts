import { h } from '../dom.ts';

const KEY = 'theme';

/** A button that switches between light and dark; until it is used, the system's theme applies. */
export function themeButton(): HTMLButtonElement {
  const root = document.documentElement;
  const chosen = localStorage.getItem(KEY);
  if (chosen !== null) root.dataset['theme'] = chosen;
  const button = h('button', { class: 'theme small' });
  const label = () => {
    button.textContent = isDark() ? 'Light' : 'Dark';
    button.setAttribute('aria-label', `${isDark() ? 'Light' : 'Dark'} theme`);
  };
  button.addEventListener('click', () => {
    const theme = isDark() ? 'light' : 'dark';
    root.dataset['theme'] = theme;
    localStorage.setItem(KEY, theme);
    label();
    dispatchEvent(new Event('themechange'));
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    label();
    dispatchEvent(new Event('themechange'));
  });
  label();
  return button;
}

function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme === undefined
    ? matchMedia('(prefers-color-scheme: dark)').matches
    : theme === 'dark';
}

const colours = new Map<string, string>();
addEventListener('themechange', () => colours.clear());

/** A colour of the current theme, resolved for use in a canvas. */
export function themeColour(name: string): string {
  const known = colours.get(name);
  if (known !== undefined) return known;
  // Only the computed colour of an element resolves `light-dark()`.
  const probe = document.createElement('span');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  colours.set(name, color);
  return color;
}
