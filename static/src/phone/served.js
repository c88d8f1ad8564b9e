/** The page as it was served, read before any script changes it. */
export const served = `<!doctype html>\n${document.documentElement.outerHTML}`;
