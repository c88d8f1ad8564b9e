// A page on which a vehicle is looked over: templates/phone/_outline.html and templates/phone/_photos.html.
import './outline.css';
import './phone/telling.css';
import './phone/outline.js';
import './phone/photos.js';
