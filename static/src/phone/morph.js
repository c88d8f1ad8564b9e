/**
 * Make a part of the page like another, changing only what differs: focus, scroll, what is open and what fills the
 * screen stay as they are. What stands in [data-keep] is a script's own and is left alone.
 */
export function morph(part, wanted) {
  for (const { name } of [...part.attributes]) if (!wanted.hasAttribute(name)) part.removeAttribute(name);
  for (const { name, value } of wanted.attributes) if (part.getAttribute(name) !== value) part.setAttribute(name, value);
  if (part.hasAttribute('data-keep')) return;
  if (part.content) return part.replaceWith(document.importNode(wanted, true));
  children(part, [...wanted.childNodes]);
}

/** What has an id is found again by it, wherever others have come or gone. */
function children(part, fresh) {
  const wantedIds = new Set(fresh.map((node) => node.id).filter(Boolean));
  let there = part.firstChild;
  for (const node of fresh) {
    const own = node.id && [...part.children].find((child) => child.id === node.id && child.nodeName === node.nodeName);
    while (own && there !== own) there = next(there);
    const isFree = there && !wantedIds.has(there.id);
    if (own || (isFree && isAlike(there, node))) {
      const after = there.nextSibling;
      same(there, node);
      there = after;
    } else if (isFree) {
      const after = there.nextSibling;
      there.replaceWith(document.importNode(node, true));
      there = after;
    } else part.insertBefore(document.importNode(node, true), there);
  }
  while (there) there = next(there);
}

/** Take a node away and give the one after it. */
function next(node) {
  const after = node.nextSibling;
  node.remove();
  return after;
}

const isAlike = (one, other) => one.nodeName === other.nodeName && (one.id ?? '') === (other.id ?? '');

function same(there, node) {
  if (there.nodeType === Node.ELEMENT_NODE) morph(there, node);
  else if (there.data !== node.data) there.data = node.data;
}
