/** Samples a second: what telephones carry. */
const RATE = 8_000;
const PITCH_HZ = 440;

/** A recording of a hum: 16-bit mono WAV, so many seconds long. */
export function toneWav(seconds: number): Buffer {
  const samples = Math.max(1, Math.round(seconds * RATE));
  const wav = Buffer.alloc(44 + samples * 2);
  wav.write("RIFF", 0, "latin1");
  wav.writeUInt32LE(36 + samples * 2, 4);
  wav.write("WAVEfmt ", 8, "latin1");
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20); // PCM
  wav.writeUInt16LE(1, 22); // one channel
  wav.writeUInt32LE(RATE, 24);
  wav.writeUInt32LE(RATE * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write("data", 36, "latin1");
  wav.writeUInt32LE(samples * 2, 40);
  for (let i = 0; i < samples; i++) {
    wav.writeInt16LE(Math.round(8_000 * Math.sin((2 * Math.PI * PITCH_HZ * i) / RATE)), 44 + i * 2);
  }
  return wav;
}
