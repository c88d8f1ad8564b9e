// The consignee's pages: templates/phone/code.html and templates/phone/receipt.html.
import './outline.css';
import './phone/telling.css';
import './phone/receiving.css';
import './phone/draft.js';
import './phone/receiving.js';
import './phone/outline.js';
import './phone/photos.js';
