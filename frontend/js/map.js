// data-union-map="#id" (a json_script element) or an address that answers JSON: points on a plain background.
// No tiles: nothing leaves the portal. Points are WGS-84; the list beside the map says the same.
import { divIcon, geoJSON, latLngBounds, map as createMap, marker } from "leaflet";

async function load(source) {
  if (source.startsWith("#")) return JSON.parse(document.querySelector(source).textContent);
  const answer = await fetch(source, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const body = await answer.json();
  return body.results || body;
}

function popup(point) {
  const box = document.createElement("div");
  const link = document.createElement(point.url ? "a" : "b");
  if (point.url) link.href = point.url;
  link.textContent = point.name;
  box.append(link);
  if (point.note) {
    const note = document.createElement("div");
    note.textContent = point.note;
    box.append(note);
  }
  return box;
}

function place(point) {
  const kind = point.me ? "me" : point.open ? "" : "shut";
  const icon = divIcon({ className: `up-dot ${kind}`, iconSize: [44, 44], iconAnchor: [22, 22] });
  return marker([point.lat, point.lng], { icon, title: point.name, alt: point.name, keyboard: true })
    .bindPopup(popup(point));
}

async function draw(holder) {
  const points = (await load(holder.dataset.unionMap)).filter((point) => point.lat && point.lng);
  const map = createMap(holder, { attributionControl: false, zoomAnimation: false, fadeAnimation: false,
    markerZoomAnimation: false, minZoom: 8, maxZoom: 17, scrollWheelZoom: false });
  const outline = holder.dataset.outline;
  if (outline) geoJSON(await load(outline), { style: { className: "up-outline", weight: 1 }, interactive: false }).addTo(map);
  points.forEach((point) => place(point).addTo(map));
  if (points.length) map.fitBounds(latLngBounds(points.map((one) => [one.lat, one.lng])).pad(0.15), { maxZoom: 15 });
  else map.setView([0, 0], 8);
}

for (const holder of document.querySelectorAll("[data-union-map]")) {
  draw(holder).catch(() => { holder.hidden = true; });
}
