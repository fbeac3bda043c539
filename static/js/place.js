// A verify or check is answered at the place: the tablet's position goes into the form, and how far it is is said.
const METRES_PER_DEGREE = 111_195;

function awayFrom(frame, coords) {
  const lat = Number(frame.dataset.lat);
  const north = (coords.latitude - lat) * METRES_PER_DEGREE;
  const east = (coords.longitude - Number(frame.dataset.lon)) * METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180);
  return Math.round(Math.hypot(north, east));
}

function say(frame, words, isWrong) {
  const line = frame.querySelector("[role=status]");
  line.textContent = words;
  line.classList.toggle("is-wrong", isWrong);
}

function fill(frame, name, value) {
  frame.querySelector(`[name="${name}"]`).value = value;
}

function take(frame, { coords, timestamp }) {
  const at = new Date(timestamp);
  fill(frame, "lon", coords.longitude);
  fill(frame, "lat", coords.latitude);
  fill(frame, "located_at", at.toISOString());
  const metres = awayFrom(frame, coords);
  const time = at.toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai" });
  const isFar = metres > Number(frame.dataset.far);
  const words = frame.dataset.awayWord.replace("{n}", metres).replace("{time}", time);
  say(frame, isFar ? `${words} · ${frame.dataset.farWord}` : words, isFar);
}

const frames = document.querySelectorAll("[data-proves-place]");

function lost() {
  for (const frame of frames) say(frame, frame.dataset.unknownWord, true);
}

if (frames.length > 0) {
  if (navigator.geolocation) {
    const asked = { enableHighAccuracy: true, maximumAge: 30_000, timeout: 20_000 };
    navigator.geolocation.watchPosition((position) => frames.forEach((frame) => take(frame, position)), lost, asked);
  } else {
    lost();
  }
}
