import { h } from '../dom.ts';

let asking: Promise<string | undefined> | undefined;

/** Asks once for the API key, however many requests wait for it; undefined if cancelled. */
export function askForKey(remark: string): Promise<string | undefined> {
  asking ??= show(remark).finally(() => {
    asking = undefined;
  });
  return asking;
}

function show(remark: string): Promise<string | undefined> {
  const input = h('input', {
    type: 'password',
    id: 'key',
    required: true,
    autocomplete: 'off',
    autofocus: true,
  });
  const dialog: HTMLDialogElement = h(
    'dialog',
    { class: 'key', 'aria-labelledby': 'key-title' },
    h(
      'form',
      { method: 'dialog' },
      h('h2', { id: 'key-title' }, 'This simulator is locked'),
      h('p', {}, 'Changes need the API key. It is kept until you close this tab.'),
      remark !== '' && h('p', { class: 'fault', role: 'alert' }, remark),
      h('label', { for: 'key' }, 'API key'),
      input,
      h(
        'div',
        { class: 'row' },
        h('button', { class: 'primary', value: 'use' }, 'Use key'),
        h('button', { type: 'button', click: () => dialog.close('') }, 'Cancel'),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'use' ? input.value.trim() : undefined);
    });
  });
}
