import './phone/served.js';
import './tokens.css';
import './phone.css';
import './once.js';
import './phone/live.js';
import './phone/forget.js';
import './phone/awake.js';
