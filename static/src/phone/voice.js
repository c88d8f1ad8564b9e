// What changed is heard: by a screen reader, and where the driver has switched it on by a tone, a shake and,
// if his phone has a voice for the page's language, the words that are shown.
import { sound } from '../sound.js';

const SOUNDS = { ready: 'release', go: 'release', wait: 'examine', stop: 'refuse' };
const KEPT = 'fm-voice';
const said = document.querySelector('#said');
const control = document.querySelector('#voice');

document.addEventListener('fm:state', ({ detail }) => {
  said.textContent = words();
  if (control?.checked) tell(detail.tone);
});

if (control) {
  // Without this script there is nothing to switch.
  control.closest('[hidden]').hidden = false;
  control.checked = kept() === 'on';
  control.addEventListener('change', () => {
    keep(control.checked ? 'on' : 'off');
    // Switching it on lets him hear how it sounds.
    if (control.checked) tell(document.querySelector('.state')?.dataset.tone);
    else globalThis.speechSynthesis?.cancel();
  });
  // A phone loads its voices when it is first asked for them.
  globalThis.speechSynthesis?.getVoices();
}

function words() {
  return document.querySelector('.state')?.innerText.trim() ?? '';
}

function tell(tone) {
  const seconds = sound(SOUNDS[tone]);
  // Silent before the first touch, as browsers want it.
  if (seconds) setTimeout(speak, seconds * 1000);
}

function speak() {
  const voice = voiceFor(document.documentElement.lang);
  if (!voice) return;
  const utterance = new SpeechSynthesisUtterance(words());
  utterance.voice = voice;
  utterance.lang = voice.lang;
  speechSynthesis.cancel();
  speechSynthesis.speak(utterance);
}

/** Find a voice of the phone that reads a language, of the country's own kind first; a voice of another would babble. */
function voiceFor(lang) {
  const voices = globalThis.speechSynthesis?.getVoices() ?? [];
  const language = lang.split('-')[0];
  const reads = (voice, wanted) => voice.lang.replace('_', '-').toLowerCase().startsWith(wanted);
  return voices.find((voice) => reads(voice, 'zh-cn') && language === 'zh') ?? voices.find((voice) => reads(voice, language));
}

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

function keep(choice) {
  try {
    localStorage.setItem(KEPT, choice);
  } catch {
    // A browser that keeps nothing is asked again on the next visit.
  }
}
