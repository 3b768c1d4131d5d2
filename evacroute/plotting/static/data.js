"use strict";
// Unpacks what evacroute/plotting/_packing.py packed.

const ARRAY_TYPES = { i1: Int8Array, i2: Int16Array, i4: Int32Array, f4: Float32Array };

async function readPlan() {
  if (typeof DecompressionStream === "undefined") {
    throw new Error(
      "This browser is too old to open the plan. It needs Chrome or Edge 80, Firefox 113 or Safari 16.4, or newer."
    );
  }
  const holder = document.getElementById("plan-data");
  const bytes = fromBase64(holder.textContent);
  holder.remove();
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return unpack(await new Response(stream).arrayBuffer());
}

function fromBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function unpack(buffer) {
  const size = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
  const data = { ...header.texts, meta: header.meta };
  for (const column of header.columns) data[column.name] = unpackColumn(buffer, 4 + size, column);
  return data;
}

function unpackColumn(buffer, begin, { type, scale, delta, offset, length }) {
  const stored = new ARRAY_TYPES[type](buffer, begin + offset, length);
  if (scale === 1 && !delta) return stored;
  const values = scale === 1 ? new Int32Array(length) : new Float64Array(length);
  let sum = 0;
  for (let i = 0; i < length; i++) {
    sum = delta ? sum + stored[i] : stored[i];
    values[i] = sum * scale;
  }
  return values;
}

// Where each of the parts begins, for parts of the given lengths.
function startsOf(lengths) {
  const starts = new Int32Array(lengths.length + 1);
  for (let i = 0; i < lengths.length; i++) starts[i + 1] = starts[i] + lengths[i];
  return starts;
}
