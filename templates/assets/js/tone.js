// What a guard hears and feels: [data-tone] good is one high tone, bad two low ones. Made by the
// browser, without a file; a browser that forbids sound stays silent.

const tones = {
  good: { pitch: [1046], vibrate: [80] },
  info: { pitch: [1046], vibrate: [80] },
  bad: { pitch: [311, 233], vibrate: [160, 80, 160] },
};

// watchTone plays the tone of the page's verdict, once.
export function watchTone() {
  const tone = tones[document.querySelector("[data-tone]")?.dataset.tone];
  if (!tone) return;
  navigator.vibrate?.(tone.vibrate);
  const Audio = window.AudioContext || window.webkitAudioContext;
  if (!Audio) return;
  const audio = new Audio();
  for (const [i, pitch] of tone.pitch.entries()) play(audio, pitch, audio.currentTime + i * 0.22);
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
