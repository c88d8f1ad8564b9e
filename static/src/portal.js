import './tabler.scss';
import './tokens.css';
import './portal.css';
import './lists.css';
import './import.css';
import './roster.css';
import './today.css';
import './reports.css';
import './notices.css';
import './yard.css';
import './devices.css';
import './pages.css';
import './held.css';
import './outline.css';
import './condition.css';
import './desk.css';
import './chain.css';
import './evidence.css';
import './cases.css';
import htmx from 'htmx.org/dist/htmx.esm.js';
import './import.js';
import './desk.js';
import './documents.js';
import './once.js';
import './roster.js';
import './share.js';
import './today.js';
import './lists.js';
import './notices.js';
import './yard.js';
import './unanswered.js';
import { uninstallAtSignOut } from './offline/install.js';

// Before htmx begins, and for every page that loads it, error pages too.
Object.assign(htmx.config, {
  includeIndicatorStyles: false,
  allowEval: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
  timeout: 15000,
});

const menus = () => document.querySelectorAll('.fm-menu[open]');

document.addEventListener('click', (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;

  if (event.target.closest('[data-print]')) window.print();
  const copy = event.target.closest('[data-copy]');
  if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => say(copy, copy.dataset.copied));
});

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') {
    for (const menu of menus()) {
      menu.open = false;
      menu.querySelector('summary').focus();
    }
  }
  const typing = event.target.closest('input, textarea, select, [contenteditable]');
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const search = document.querySelector('[data-search]');
    if (search) {
      event.preventDefault();
      search.focus();
    }
  }
});

document.addEventListener('change', (event) => {
  if (event.target.matches('[data-submit]')) event.target.form.requestSubmit();
});

/** Show `text` on the button for two seconds. */
function say(button, text) {
  const before = button.textContent;
  if (!text || before === text) return;
  button.textContent = text;
  setTimeout(() => (button.textContent = before), 2000);
}

// On a phone the place one is at may lie beyond the edge.
document.addEventListener('DOMContentLoaded', () =>
  document.querySelector('.fm-nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }),
);

function showErrors(root) {
  const errors = root.querySelector('.fm-errors');
  errors?.focus();
  // The form below it is what is to be put right.
  errors?.scrollIntoView({ block: 'center' });
}

document.addEventListener('DOMContentLoaded', () => showErrors(document));
document.addEventListener('htmx:afterSwap', (event) => showErrors(event.detail.target ?? document));

// An officer may sign out at the desk too.
uninstallAtSignOut();
