// What a guard hears and feels: [data-tone] good is one high tone, bad two low ones. Made by the
// browser, without a file. A browser that allows no sound before a tap plays it at the first one.

const tones = {
  good: { pitch: [1046], vibrate: [80] },
  info: { pitch: [1046], vibrate: [80] },
  bad: { pitch: [311, 233], vibrate: [160, 80, 160] },
};

const taps = ["click", "touchend", "keydown"];

// watchTone plays the tone of the page's verdict, once.
export function watchTone() {
  const tone = tones[document.querySelector("[data-tone]")?.dataset.tone];
  if (!tone) return;
  navigator.vibrate?.(tone.vibrate);
  const Audio = window.AudioContext || window.webkitAudioContext;
  if (Audio) sound(new Audio(), tone.pitch);
}

// sound plays pitches as soon as the browser allows it: at once, or at the first tap on the page.
function sound(audio, pitches) {
  let played = false;
  const begin = () => {
    if (played || audio.state !== "running") return;
    played = true;
    for (const tap of taps) document.removeEventListener(tap, wake, true);
    for (const [i, pitch] of pitches.entries()) play(audio, pitch, audio.currentTime + i * 0.22);
  };
  const wake = () => audio.resume().then(begin, () => {});
  for (const tap of taps) document.addEventListener(tap, wake, true);
  audio.addEventListener("statechange", begin);
  begin();
}

function play(audio, pitch, at) {
  const voice = audio.createOscillator();
  const volume = audio.createGain();
  voice.frequency.value = pitch;
  volume.gain.setValueAtTime(0.25, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + 0.2);
  voice.connect(volume).connect(audio.destination);
  voice.start(at);
  voice.stop(at + 0.2);
}
