// Each verdict sounds and shakes unlike the others, so that it is known without looking up.
// Notes are [hertz, seconds, wave]; the pause between them is 40 ms. Shakes are milliseconds on, off, on …
const VOICES = {
  release: { notes: [[880, 0.09, 'sine'], [1320, 0.16, 'sine']], shake: [80] },
  examine: { notes: [[660, 0.13, 'triangle'], [660, 0.13, 'triangle'], [660, 0.13, 'triangle']], shake: [120, 80, 120] },
  refuse: { notes: [[196, 0.3, 'square'], [147, 0.45, 'square']], shake: [400, 100, 400] },
  fault: { notes: [[440, 0.08, 'square'], [330, 0.08, 'square'], [440, 0.08, 'square']], shake: [60, 60, 60, 60, 60] },
};
const PAUSE_S = 0.04;

let context;

/** Play the verdict's notes, shake, and give the seconds it takes; a name without a voice is silent. */
export function sound(verdict) {
  const voice = VOICES[verdict];
  if (!voice) return;
  // Browsers allow neither before the first key or touch on a page; that one time the eye has to do.
  if (navigator.userActivation?.hasBeenActive === false) return;
  navigator.vibrate?.(voice.shake);
  context ??= new AudioContext();
  context.resume();
  let at = context.currentTime + 0.01;
  for (const [hertz, seconds, wave] of voice.notes) {
    note(hertz, at, seconds, wave);
    at += seconds + PAUSE_S;
  }
  return at - context.currentTime;
}

function note(hertz, at, seconds, wave) {
  const tone = new OscillatorNode(context, { type: wave, frequency: hertz });
  const loudness = new GainNode(context, { gain: 0 });
  tone.connect(loudness).connect(context.destination);
  // A short rise and fall, or each note begins and ends with a click.
  loudness.gain.setValueAtTime(0, at);
  loudness.gain.linearRampToValueAtTime(0.35, at + 0.01);
  loudness.gain.setValueAtTime(0.35, at + seconds - 0.03);
  loudness.gain.linearRampToValueAtTime(0, at + seconds);
  tone.start(at);
  tone.stop(at + seconds);
}
